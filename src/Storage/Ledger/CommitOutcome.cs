namespace Kimura.Storage.Ledger;

/// <summary>What became of a write that another leader may have overtaken.</summary>
public enum CommitOutcome
{
    /// <summary>Not tried.</summary>
    Unspecified = 0,

    /// <summary>A newer epoch writes now: whoever gets this no longer leads.</summary>
    Fenced,

    /// <summary>The chain has moved on: not the next height, or a message is no longer pending.</summary>
    Stale,

    /// <summary>On disk.</summary>
    Committed,
}
