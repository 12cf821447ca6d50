using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Kimura.Storage.Ledger;

namespace Kimura.Storage.Log;

/// <summary>
/// Where it is decided which messages are answered and which block stands at a height: the node's own store where it runs alone
/// (<see cref="ChainStore"/>), the database that the silos share in a cluster. Only the newest epochs write. Any member may be called from
/// any thread.
/// </summary>
public interface IChainLog
{
    /// <summary>The leader's epoch in force, as far as is known here; 0 before any was taken.</summary>
    ulong LeaderEpoch { get; }

    /// <summary>The pool's epoch in force, as far as is known here; 0 before any was taken, and where it is over.</summary>
    ulong PoolEpoch { get; }

    /// <summary>Takes the leader's epoch durably: after it nothing of an older one is written. False where a newer one was taken.</summary>
    /// <exception cref="LogUnavailableException">The log cannot be reached; it may be taken all the same.</exception>
    Task<bool> TakeLeaderEpochAsync(ulong epoch);

    /// <summary>Takes the pool's epoch durably: after it nothing of an older one is written. False where a newer one was taken.</summary>
    /// <exception cref="LogUnavailableException">The log cannot be reached; it may be taken all the same.</exception>
    Task<bool> TakePoolEpochAsync(ulong epoch);

    /// <summary>
    /// Whether a pool's epoch is in force still, as the log itself says: asked before a refusal that rests on what an activation knows, which an
    /// activation elsewhere may know better.
    /// </summary>
    /// <exception cref="LogUnavailableException">The log cannot be reached.</exception>
    Task<bool> IsPoolEpochAsync(ulong epoch);

    /// <summary>Stores messages in the pool, in one synced transaction. They come in the order of arrival and of each sender's nonces.</summary>
    Task<CommitOutcome> StorePendingAsync(ulong epoch, IReadOnlyList<PendingMessage> messages);

    /// <summary>
    /// Commits the leader's next block with its messages, which must all be pending and leave the pool with it, in one synced transaction.
    /// <see cref="CommitOutcome.Stale"/>: it is not the next block, or a message is not pending.
    /// </summary>
    Task<CommitOutcome> CommitProducedAsync(ulong epoch, Block block);

    /// <summary>The newest block that is durable.</summary>
    /// <exception cref="LogUnavailableException">The log cannot be reached.</exception>
    Task<LogTip> ReadTipAsync();

    /// <summary>Blocks with their messages from a height on, at most <paramref name="most"/> of them and fewer where they are large; none above the tip.</summary>
    /// <exception cref="LogUnavailableException">The log cannot be reached.</exception>
    /// <exception cref="StorageException">What is stored there is no block (Corrupt).</exception>
    Task<IReadOnlyList<Delivery>> ReadBlocksAsync(ulong from, int most);

    /// <summary>The pool, oldest first, and the tip that it belongs to: every message that was ever answered is in it or in a block up to there.</summary>
    /// <exception cref="LogUnavailableException">The log cannot be reached.</exception>
    Task<PendingPool> ReadPendingAsync();

    /// <summary>
    /// Whether a verified block of another node may be stored here. In a cluster: the shared log holds it, and with it all below. A store
    /// that is its own log takes any.
    /// </summary>
    /// <exception cref="LogUnavailableException">The log cannot be reached.</exception>
    Task<bool> MayFollowAsync(Block block);
}
