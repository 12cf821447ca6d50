using Kimura.Interfaces;

namespace Kimura.Gateway.Health;

/// <summary>When a node is ready (protocol section 7).</summary>
internal static class Readiness
{
    private const int Intervals = 3;
    private const long GraceMilliseconds = 2000;

    /// <summary>Why not; null if it is.</summary>
    public static string? FindFault(NodeStatus status, DateTimeOffset now)
    {
        if (status.Paused is { } pause)
        {
            return pause;
        }

        if (status.IsSyncing)
        {
            return $"syncing: {status.Tip.Height} of {status.TargetHeight}";
        }

        var limit = (Intervals * (long)status.BlockIntervalMilliseconds) + GraceMilliseconds;
        if (status.Tip.Height == 0)
        {
            return "no block yet";
        }

        var age = now.ToUnixTimeMilliseconds() - (long)Math.Min(status.TipTimestamp, long.MaxValue / 2);
        return age > limit ? $"the newest block is {age} ms old, more than {limit} ms" : null;
    }
}
