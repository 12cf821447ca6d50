using Kimura.Chain;

namespace Kimura.Storage.Ledger;

/// <summary>
/// What became of a run of followed blocks: all are on disk, or none. <paramref name="Replaced"/>: messages that were pending here and that the
/// blocks hold with another content; the blocks' ones count.
/// </summary>
public sealed record RunCommit(CommitOutcome Outcome, IReadOnlyList<MessageId> Replaced)
{
    internal static RunCommit Stale { get; } = new(CommitOutcome.Stale, []);
}
