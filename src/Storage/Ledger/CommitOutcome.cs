namespace Kimura.Storage.Ledger;

/// <summary>What became of a write that another leader may have overtaken. Whoever gets <see cref="CommitOutcomes.IsOver"/> stops: the next epoch reads anew what is there.</summary>
public enum CommitOutcome
{
    /// <summary>Not tried.</summary>
    Unspecified = 0,

    /// <summary>The log cannot be reached: nothing was written.</summary>
    Unavailable,

    /// <summary>A newer epoch writes now: whoever gets this no longer leads.</summary>
    Fenced,

    /// <summary>The chain has moved on: not the next height, or a message is no longer pending.</summary>
    Stale,

    /// <summary>The connection to the log broke, and it may have been written or may still be: only a newer epoch can find out.</summary>
    Unknown,

    /// <summary>On disk.</summary>
    Committed,
}

/// <summary>What the outcomes ask for.</summary>
public static class CommitOutcomes
{
    /// <summary>True where the writer's epoch can go on with nothing.</summary>
    public static bool IsOver(this CommitOutcome outcome) => outcome is CommitOutcome.Unavailable or CommitOutcome.Fenced or CommitOutcome.Unknown;
}
