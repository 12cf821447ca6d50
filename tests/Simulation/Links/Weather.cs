using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Links;

/// <summary>How one direction between two machines is. Faults change it for a while.</summary>
internal sealed class Weather(TimeSpan latency)
{
    private static readonly TimeSpan FirstRetransmission = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan UsualJitter = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestRetransmission = TimeSpan.FromSeconds(3);

    private readonly TimeSpan _usualLatency = latency;

    /// <summary>Time on the way, at least.</summary>
    public TimeSpan Latency { get; set; } = latency;

    /// <summary>Up to so much more by chance: later segments overtake earlier ones, which TCP holds back until they are in order.</summary>
    public TimeSpan Jitter { get; set; } = UsualJitter;

    /// <summary>How often a segment gets lost, and is sent again after a while.</summary>
    public double Loss { get; set; }

    /// <summary>How often a segment arrives a second time, which TCP throws away.</summary>
    public double Duplication { get; set; }

    /// <summary>Bytes a second; 0: without limit.</summary>
    public double Rate { get; set; }

    /// <summary>Nothing passes; what is sent is sent again until something does.</summary>
    public bool IsCut { get; set; }

    /// <summary>When the line is free again for the next segment, in ticks.</summary>
    public long BusyUntil { get; set; }

    /// <summary>As it is on a fine day.</summary>
    public void Clear() => (Latency, Jitter, Loss, Duplication, Rate, IsCut) = (_usualLatency, UsualJitter, 0, 0, 0, false);

    /// <summary>How long a segment of so many bytes that is sent now is on its way; null: it is lost, and its sender tries again.</summary>
    public TimeSpan? Carry(World world, SimRandom random, int bytes)
    {
        if (IsCut || (Loss > 0 && random.Chance(Loss)))
        {
            return null;
        }

        var time = Latency + (Jitter * random.NextDouble());
        if (Rate > 0)
        {
            BusyUntil = Math.Max(BusyUntil, world.Now) + (long)(bytes / Rate * TimeSpan.TicksPerSecond);
            time += TimeSpan.FromTicks(BusyUntil - world.Now);
        }

        return time;
    }

    /// <summary>The wait before a segment is sent again for the <paramref name="attempt"/>th time.</summary>
    public static TimeSpan Retransmission(int attempt)
    {
        var wait = FirstRetransmission * Math.Pow(2, Math.Min(attempt, 10));
        return wait < LongestRetransmission ? wait : LongestRetransmission;
    }
}
