using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.Ledger.Mending;

/// <summary>
/// Builds a chain anew out of a damaged database: what can be read there and proves itself is taken, what cannot is fetched. Nothing is
/// believed: each block is checked as one that came from elsewhere, and a message is taken if it is the one that its block lists.
/// </summary>
/// <param name="old">The damaged database.</param>
/// <param name="target">A new chain of the same parameters.</param>
/// <param name="producers">Whose blocks count.</param>
/// <param name="withBodies">Whether messages are taken, or the blocks' lists alone.</param>
/// <param name="fetch">A block from elsewhere, which nothing is believed of either; null where nobody gives it.</param>
public sealed class ChainRebuild(
    IKeyValueStore old, ChainStore target, ProducerSchedule producers, bool withBodies, Func<ulong, Task<Delivery?>> fetch)
{
    private const int RunBlocks = 256;
    private const int RunBytes = 8 << 20;

    /// <summary>Blocks that had to be fetched.</summary>
    public int Fetched { get; private set; }

    /// <summary>
    /// Goes on from block 1 to the last that the old database names, or as far as blocks are to be had. Null where all are there; otherwise the
    /// height of the first that is not.
    /// </summary>
    public async Task<ulong?> RunAsync(CancellationToken cancellationToken)
    {
        var last = await ReadLastAsync();
        var run = new List<Delivery>();
        var bytes = 0L;
        for (var height = 1UL; last is null || height <= last; height++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var below = run.Count > 0 ? run[^1].Block : target.Tip;
            if (await ReadAsync(height, below) is not { } delivery)
            {
                if (await FetchAsync(height, below) is not { } fetched)
                {
                    await CommitAsync(run);
                    return height;
                }

                delivery = fetched;
                Fetched++;
            }

            run.Add(delivery);
            bytes += delivery.Block.Encoding.Length + (delivery.Bodies?.Sum(body => (long)body.Encoding.Length) ?? 0);
            if (run.Count == RunBlocks || bytes >= RunBytes)
            {
                await CommitAsync(run);
                bytes = 0;
            }
        }

        await CommitAsync(run);
        return null;
    }

    private async Task CommitAsync(List<Delivery> run)
    {
        if (run.Count > 0 && (await target.CommitRunAsync(run, withBodies)).Outcome != CommitOutcome.Committed)
        {
            throw new InvalidOperationException($"block {run[0].Block.Height} does not follow in the new chain");
        }

        run.Clear();
    }

    private async Task<ulong?> ReadLastAsync() =>
        await ReadAsync(Family.Metadata, LedgerKeys.LastHeight) is { Length: 8 } value ? LedgerKeys.ReadNumber(value, "the last height") : null;

    private async Task<byte[]?> ReadAsync(Family family, byte[] key)
    {
        try
        {
            return await old.RereadAsync(family, key);
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            return null;
        }
    }

    private async Task<Delivery?> ReadAsync(ulong height, Block below)
    {
        if (await ReadAsync(Family.Blocks, LedgerKeys.Block(height)) is not { } value
            || Block.TryDecode(value, int.MaxValue, out var block) != BlockShape.WellFormed || !IsNext(block!, below))
        {
            return null;
        }

        if (!withBodies)
        {
            return new Delivery(block!, null);
        }

        var bodies = new List<Message>(block!.Count);
        for (var i = 0; i < block.Count; i++)
        {
            if (!StoredMessage.TryDecode(await ReadAsync(Family.Messages, LedgerKeys.Message(block.IdAt(i).Value)) ?? [], out var stored)
                || !stored.HasBody || !IsListed(block, i, stored.Message))
            {
                return null;
            }

            bodies.Add(stored.Message);
        }

        return new Delivery(block, bodies);
    }

    private async Task<Delivery?> FetchAsync(ulong height, Block below) =>
        await fetch(height) is { } delivery && IsNext(delivery.Block, below)
        && (!withBodies || (delivery.Bodies?.Count == delivery.Block.Count && delivery.Bodies.Index().All(body => IsListed(delivery.Block, body.Index, body.Item))))
            ? delivery
            : null;

    private bool IsNext(Block block, Block below) =>
        block.Height == below.Height + 1 && block.Header.PrevHash == below.Hash && block.Header.Timestamp > below.Header.Timestamp
        && BlockVerifier.CheckSelf(block, producers) == Verdict.Ok;

    private static bool IsListed(Block block, int index, in Message body) =>
        body.ComputeHash() == block.MessageHashAt(index) && body.ComputeId() == block.IdAt(index);
}
