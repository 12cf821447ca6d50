using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.Ledger;

/// <content>
/// True bytes for damaged records: nothing is written here that the chain around it, or the producer's signature, does not prove. Blocks and
/// messages never change, so these writes need not wait for those of new blocks.
/// </content>
public sealed partial class ChainStore
{
    // Blocks that are looked through for a message whose place is lost: about an hour of a leader at the default interval, and then some.
    private const int MaxSearched = 4_096;

    /// <summary>
    /// The block at a height if what is stored proves itself: list, producer and signature. Null where it is damaged or missing; it is not mended.
    /// </summary>
    public async ValueTask<Block?> PeekAsync(ulong height, ProducerSchedule producers)
    {
        if (height == 0 || height >= Tip.Height)
        {
            return height == 0 ? Parameters.Genesis : height == Tip.Height ? Tip : null;
        }

        try
        {
            return Decode(await _store.GetAsync(Family.Blocks, LedgerKeys.Block(height)), height) is { } block
                && BlockVerifier.CheckSelf(block, producers) == Verdict.Ok
                ? block
                : null;
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            return null;
        }
    }

    /// <summary>
    /// Stores a block anew, synced, if it is the one that stands there: signed by its producer, and linked with a neighbour that proves itself. A
    /// neighbour that does not is no witness; without any nothing is written.
    /// </summary>
    public async Task<bool> RestoreBlockAsync(Block block, ProducerSchedule producers)
    {
        if (block.Height > Tip.Height || !await IsTrueAsync(block, producers))
        {
            return false;
        }

        await CommitAsync(BlockBatch.Restore(block));
        return true;
    }

    /// <summary>Stores a message anew, synced, if it is the one that its block lists there.</summary>
    public async Task<bool> RestoreMessageAsync(Block block, int index, Message body)
    {
        if (index >= block.Count || body.ComputeId() != block.IdAt(index) || body.ComputeHash() != block.MessageHashAt(index))
        {
            return false;
        }

        await CommitAsync(BlockBatch.KeepBody(block, index, body));
        return true;
    }

    /// <summary>
    /// The block that lists a message, and where, by its timestamp: it is in the first block that is not earlier, or in one soon after. Null where
    /// the next 4,096 do not list it.
    /// </summary>
    public async Task<(Block Block, int Index)?> FindPlaceAsync(MessageId id, ulong timestamp)
    {
        ulong first = 1, end = Tip.Height + 1;
        while (first < end)
        {
            var middle = first + ((end - first) / 2);
            if (await GetBlockAsync(middle) is { } block && block.Header.Timestamp < timestamp)
            {
                first = middle + 1;
            }
            else
            {
                end = middle;
            }
        }

        for (var searched = 0; searched < MaxSearched && await GetBlockAsync(first) is { } block; searched++, first++)
        {
            for (var i = 0; i < block.Count; i++)
            {
                if (block.IdAt(i) == id)
                {
                    return (block, i);
                }
            }
        }

        return null;
    }

    private async Task<bool> IsTrueAsync(Block block, ProducerSchedule producers)
    {
        if (block.Height == 0)
        {
            return IsGenesis(block);
        }

        if (BlockVerifier.CheckSelf(block, producers) != Verdict.Ok)
        {
            return false;
        }

        if (block.Height == Tip.Height)
        {
            return block.Hash == Tip.Hash;
        }

        var below = await PeekAsync(block.Height - 1, producers);
        var above = await PeekAsync(block.Height + 1, producers);
        return (below ?? above) is not null
            && (below is null || below.Hash == block.Header.PrevHash)
            && (above is null || above.Header.PrevHash == block.Hash);
    }

    private bool IsGenesis(Block block) => block.Encoding.Span.SequenceEqual(Parameters.Genesis.Encoding.Span);

    // The chain holds a sender's messages without a gap, and a message's id is made of key and nonce: so the first one that is not there is found by halving.
    private async ValueTask<ulong> CountNonceAsync(PublicKey sender)
    {
        ulong there = 0, step = 1;
        while (await IsStoredAsync(sender, there + step - 1))
        {
            there += step;
            step *= 2;
        }

        for (step /= 2; step > 0; step /= 2)
        {
            there += await IsStoredAsync(sender, there + step - 1) ? step : 0;
        }

        return there;
    }

    private async ValueTask<bool> IsStoredAsync(PublicKey sender, ulong nonce)
    {
        var value = await _store.GetAsync(Family.Messages, LedgerKeys.Message(Message.IdOf(sender, nonce).Value));
        return StoredMessage.TryDecode(value ?? [], out var stored) && stored.Height <= (BodiesHeight ?? Tip.Height);
    }
}
