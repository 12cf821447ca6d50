using Kimura.Chain.Verification;
using Kimura.Interfaces;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Orleans;

namespace Kimura.Grains.Cluster;

/// <summary>
/// Brings this silo's replica to where the shared log is. Every block goes through the silo's chain grain, which verifies it as one from
/// anybody: the log decides which block stands at a height, not what a block may be.
/// </summary>
public sealed class ReplicaFeed(ISharedLog log, ChainStore replica, IGrainFactory grains, NodeOptions options) : IDisposable
{
    private const int MaxBlocks = 256;

    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Completes when the replica holds the log's blocks up to this height, which is one that the log has.</summary>
    /// <exception cref="LogUnavailableException">The log cannot be reached.</exception>
    /// <exception cref="StorageException">
    /// The log holds a block that cannot follow here, or no longer holds what it did (Refused, Corrupt): nobody can go on.
    /// </exception>
    public async Task CatchUpAsync(ulong height, CancellationToken cancellationToken = default)
    {
        while (replica.Tip.Height < height)
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                await FetchAsync(height);
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    /// <summary>
    /// Commits the leader's block to the log and then to the replica, from what is pending in memory here; nobody fetches it from the log
    /// meanwhile. Where something is missing in memory, it is fetched after all.
    /// </summary>
    public async Task<CommitOutcome> CommitAsync(ulong epoch, Chain.Blocks.Block block)
    {
        await _turn.WaitAsync();
        CommitOutcome adopted;
        try
        {
            var outcome = await log.CommitProducedAsync(epoch, block);
            if (outcome != CommitOutcome.Committed)
            {
                return outcome;
            }

            adopted = await replica.AdoptAsync(block);
        }
        finally
        {
            _turn.Release();
        }

        if (adopted != CommitOutcome.Committed)
        {
            await CatchUpAsync(block.Height);
        }

        return CommitOutcome.Committed;
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _turn.Dispose();

    private async Task FetchAsync(ulong height)
    {
        var from = replica.Tip.Height + 1;
        if (from > height)
        {
            return;
        }

        var blocks = await log.ReadBlocksAsync(from, (int)Math.Min(height - from + 1, MaxBlocks));
        if (blocks.Count == 0)
        {
            throw new StorageException(
                StorageFault.Refused, $"the cluster's log no longer holds block {from}, which it held a moment ago: it was put back to an older state");
        }

        var run = new BlockRun([.. blocks.Select(delivery => new IncomingBlock(delivery.Block.Encoding, Join(delivery)))]);
        var answer = await grains.GetGrain<IChainGrain>(options.SiloName).AcceptAsync(run);

        // Gossip may have brought the same blocks meanwhile; what is not here then was refused.
        if (answer.Stored < blocks.Count && replica.Tip.Height < blocks[0].Block.Height + (ulong)answer.Stored)
        {
            Refuse(from + (ulong)answer.Stored, answer.Verdict.Verdict);
        }
    }

    private static void Refuse(ulong height, string verdict)
    {
        if (verdict == "future")
        {
            throw new LogUnavailableException($"block {height} is of the future by this clock, this disk has no room, or the log was put back", new TimeoutException());
        }

        throw new StorageException(
            StorageFault.Corrupt, $"block {height} of the cluster's log cannot follow here ({verdict}): the log or this silo's database is damaged, or of another chain");
    }

    private static ReadOnlyMemory<byte> Join(Delivery delivery)
    {
        using var all = new MemoryStream();
        foreach (var body in delivery.Bodies!)
        {
            all.Write(body.Encoding.Span);
        }

        return all.ToArray();
    }
}
