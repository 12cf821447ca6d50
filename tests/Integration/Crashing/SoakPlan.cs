namespace Kimura.Tests.Integration.Crashing;

/// <summary>How a node is to be mistreated.</summary>
internal sealed record SoakPlan
{
    /// <summary>How often the process is ended in the middle.</summary>
    public required int Rounds { get; init; }

    /// <summary>Whether the power goes, too: what was not synced may be lost.</summary>
    public bool CutsPower { get; init; }

    /// <summary>The height that the chain has before the first round.</summary>
    public ulong Height { get; init; }

    public int Clients { get; init; } = 2;

    /// <summary>Milliseconds that a node runs at most, once it is ready.</summary>
    public int LongestRun { get; init; } = 200;

    /// <summary>The time between blocks.</summary>
    public int IntervalMilliseconds { get; init; } = 50;

    /// <summary>Every so many rounds the start checks every signature again, as the last one always does.</summary>
    public int FullCheckEvery { get; init; } = 25;

    public required int Seed { get; init; }
}
