using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger.Mending;

namespace Kimura.Storage.Ledger;

/// <content>What readers see.</content>
public sealed partial class ChainStore
{
    /// <summary>The first tip above <paramref name="height"/> that is seen, or the tip there is after <paramref name="within"/>.</summary>
    public async Task<Block> WaitForTipAsync(ulong height, TimeSpan within, TimeProvider time)
    {
        await _watch.WaitAsync(height, within, time);
        return Tip;
    }

    /// <summary>
    /// The block at a height, or null above the tip. What is read is held against the place kept for its hash, and its list against its root.
    /// </summary>
    /// <exception cref="StorageException">Corrupt: it is damaged or missing, and nobody could put it back.</exception>
    public async ValueTask<Block?> GetBlockAsync(ulong height)
    {
        var tip = Tip;
        return height >= tip.Height
            ? height == tip.Height ? tip : null
            : await MendedAsync(height, static (self, height) => self.ReadBlockAsync(height), static (_, height) => Damage.OfBlock(height));
    }

    /// <summary>The height of the block with a hash, or null.</summary>
    /// <exception cref="StorageException">Corrupt: nobody but a look through the chain can say which block it is, and that is begun.</exception>
    public async ValueTask<ulong?> GetHeightAsync(BlockHash hash)
    {
        try
        {
            var value = await _store.GetAsync(Family.Metadata, LedgerKeys.HeightOf(hash));
            return value is not null && LedgerKeys.ReadNumber(value, $"the height of block {hash}") is var height && height <= Tip.Height ? height : null;
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            Mender?.Report(Damage.OfBlockHash(null), damage);
            throw;
        }
    }

    /// <summary>A message that is on disk and in no visible block, or null.</summary>
    public PendingMessage? GetPending(MessageId id) => _pending.TryGet(id, out var message) ? message : null;

    /// <summary>A message, pending or in a block, or null. What is read is held against its id and against its block's list.</summary>
    /// <exception cref="StorageException">Corrupt: it is damaged, and nobody could put it back.</exception>
    public async ValueTask<StoredMessage?> GetMessageAsync(MessageId id)
    {
        // A message leaves the index after its block became visible, so who does not find it here finds it there.
        return _pending.TryGet(id, out var pending)
            ? new StoredMessage(pending.Message, null, 0)
            : await MendedAsync(id, static (self, id) => self.ReadMessageAsync(id), static (self, id) => Damage.OfMessage(id));
    }

    /// <summary>The message that a block lists at a place; without its body where that was not fetched.</summary>
    /// <exception cref="StorageException">Corrupt: it is damaged or missing, and nobody could put it back.</exception>
    public ValueTask<StoredMessage> GetMessageAsync(Block block, int index) => MendedAsync(
        (block, index),
        static (self, place) => self.ReadMessageAsync(place.block, place.index, isFresh: false),
        static (_, place) => Damage.OfMessage(place.block.IdAt(place.index), place.block.Height, place.index));

    /// <summary>The next nonce that a sender should use: what is pending counted in.</summary>
    public async ValueTask<ulong> GetNonceAsync(PublicKey sender)
    {
        // A sender leaves the index after the chain's own counter was raised on disk.
        return _pending.NextNonceOf(sender) ?? await GetChainNonceAsync(sender);
    }

    /// <summary>The pool as it is on disk, oldest first.</summary>
    public IReadOnlyList<PendingMessage> GetAllPending() => [.. _pending.Messages.OrderBy(message => message.Arrival)];

    /// <summary>The counter of a sender by blocks alone, pending messages not counted in.</summary>
    public async ValueTask<ulong> GetChainNonceAsync(PublicKey sender)
    {
        try
        {
            var value = await _store.GetAsync(Family.Metadata, LedgerKeys.Nonce(sender));
            return value is null ? 0 : LedgerKeys.ReadNumber(value, $"the next nonce of {sender}");
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt && Mender is not null)
        {
            // Found again, not written: a block that raises it may be on its way to the disk.
            Mender.Report(Damage.OfNonce(sender), damage);
            return await CountNonceAsync(sender);
        }
    }

    internal static Block? Decode(byte[]? value, ulong height)
    {
        if (value is null)
        {
            return null;
        }

        return Block.TryDecode(value, int.MaxValue, out var block) == BlockShape.WellFormed && block!.Height == height
            ? block
            : throw new StorageException(StorageFault.Corrupt, $"block {height}: what is stored there is not the encoding of that block")
            {
                Damage = Damage.OfBlock(height),
            };
    }
}
