using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;

namespace Kimura.Grains.Cluster;

/// <summary>
/// The shared log as the grains of a silo use it: what is written there comes into the silo's replica right after, and who takes an epoch
/// finds the replica where the log is.
/// </summary>
public sealed class ReplicatedLog(ISharedLog shared, ChainStore replica, ReplicaFeed feed, ILeaderHost host) : IChainLog
{
    /// <inheritdoc />
    public ulong LeaderEpoch => shared.LeaderEpoch;

    /// <inheritdoc />
    public ulong PoolEpoch => shared.PoolEpoch;

    /// <inheritdoc />
    public async Task<bool> TakeLeaderEpochAsync(ulong epoch)
    {
        if (!await shared.TakeLeaderEpochAsync(epoch))
        {
            return false;
        }

        // Nothing of an older leader comes after this: where the log ends now, the next block begins.
        await feed.CatchUpAsync((await shared.ReadTipAsync()).Height);
        return await shared.NameLeaderAsync(epoch, host.Place);
    }

    /// <inheritdoc />
    public Task<bool> TakePoolEpochAsync(ulong epoch) => shared.TakePoolEpochAsync(epoch);

    /// <inheritdoc />
    public Task<bool> IsPoolEpochAsync(ulong epoch) => shared.IsPoolEpochAsync(epoch);

    /// <inheritdoc />
    public async Task<CommitOutcome> StorePendingAsync(ulong epoch, IReadOnlyList<PendingMessage> messages)
    {
        var outcome = await shared.StorePendingAsync(epoch, messages);
        if (outcome == CommitOutcome.Committed)
        {
            await replica.ShowPendingAsync(messages);
        }

        return outcome;
    }

    /// <inheritdoc />
    public Task<CommitOutcome> CommitProducedAsync(ulong epoch, Block block) => feed.CommitAsync(epoch, block);

    /// <inheritdoc />
    public Task<LogTip> ReadTipAsync() => shared.ReadTipAsync();

    /// <inheritdoc />
    public Task<IReadOnlyList<Delivery>> ReadBlocksAsync(ulong from, int most) => shared.ReadBlocksAsync(from, most);

    /// <summary>The pool, without what is in a block by now: this replica then holds the tip that it belongs to, and shows what is pending.</summary>
    public async Task<PendingPool> ReadPendingAsync()
    {
        var pool = await shared.ReadPendingAsync();
        await feed.CatchUpAsync(pool.Tip.Height);
        return new PendingPool(pool.Tip, await replica.ResetPendingAsync(pool.Messages));
    }

    /// <inheritdoc />
    public Task<bool> MayFollowAsync(Block block) => shared.MayFollowAsync(block);
}
