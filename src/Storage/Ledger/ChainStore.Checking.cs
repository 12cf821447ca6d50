using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger.Mending;

namespace Kimura.Storage.Ledger;

/// <content>
/// What is read is checked before anybody sees it. RocksDB has verified the checksum of every piece that came from its files; here each value
/// is held against another one that speaks of it.
/// </content>
public sealed partial class ChainStore
{
    private IMender? _mender;

    /// <summary>Who puts true bytes back where damage is met; null: it is only reported.</summary>
    public IMender? Mender
    {
        get => Volatile.Read(ref _mender);
        set => Volatile.Write(ref _mender, value);
    }

    // Reads; where that meets damage, has it mended and reads once more.
    private async ValueTask<TValue> MendedAsync<TKey, TValue>(
        TKey key, Func<ChainStore, TKey, ValueTask<TValue>> read, Func<ChainStore, TKey, Damage> describe)
    {
        try
        {
            return await read(this, key);
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt && Mender is not null)
        {
            if (!await Mender.MendAsync(damage.Damage ?? describe(this, key), damage))
            {
                throw;
            }
        }

        return await read(this, key);
    }

    private async ValueTask<Block?> ReadBlockAsync(ulong height)
    {
        var block = Decode(await _store.GetAsync(Family.Blocks, LedgerKeys.Block(height)), height) ?? throw DamagedBlock(height, "is missing");
        var place = await _store.GetAsync(Family.Metadata, LedgerKeys.HeightOf(block.Hash));
        if (place is null || LedgerKeys.ReadNumber(place, $"the height of block {block.Hash}") != height)
        {
            throw DamagedBlock(height, $"hashes to {block.Hash}, which is not the block that was stored there");
        }

        var isWhole = height == 0 ? IsGenesis(block) : MerkleTree.ComputeRoot(block.Entries) == block.Header.MessageRoot;
        return isWhole ? block : throw DamagedBlock(height, "has a list that does not lead to its message_root");
    }

    private async ValueTask<StoredMessage?> ReadMessageAsync(MessageId id)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var value = await _store.GetAsync(Family.Messages, LedgerKeys.Message(id.Value));
            StoredMessage? message = value is null ? null : StoredMessage.Decode(id, value);
            if (message is not { } found || found.Height > Tip.Height)
            {
                return null;
            }

            if (found.HasBody || found.Height > BodiesHeight)
            {
                return await IsListedAsync(id, found)
                    ? found
                    : throw new StorageException(
                        StorageFault.Corrupt, $"message {id} is not, as it is stored, what block {found.Height} lists at {found.Index}")
                    {
                        Damage = Damage.OfMessage(id),
                    };
            }

            // Read just before its body came, which the second read finds; or the body is lost.
            if (!isFirst)
            {
                throw StoredMessage.Damaged(id);
            }
        }
    }

    // Only the entry is read of the list, which may be long.
    private async ValueTask<bool> IsListedAsync(MessageId id, StoredMessage message)
    {
        var tip = Tip;
        var height = message.Height!.Value;
        var at = Block.PrefixSize + (message.Index * (long)MerkleTree.EntrySize);
        if (at > int.MaxValue || (height == tip.Height && message.Index >= tip.Count))
        {
            return false;
        }

        var entry = height == tip.Height
            ? tip.Encoding.Slice((int)at, MerkleTree.EntrySize)
            : await _store.GetPartAsync(Family.Blocks, LedgerKeys.Block(height), (int)at, MerkleTree.EntrySize) ?? ReadOnlyMemory<byte>.Empty;
        if (entry.IsEmpty && await _store.GetPartAsync(Family.Blocks, LedgerKeys.Block(height), 0, 1) is null)
        {
            throw DamagedBlock(height, $"is missing, though message {id} is stored as one of its");
        }

        return entry.Length == MerkleTree.EntrySize && new Hash32(entry.Span[..Hash32.Size]) == id.Value
            && (!message.HasBody || new Hash32(entry.Span[Hash32.Size..]) == message.Message.ComputeHash().Value);
    }

    private async ValueTask<StoredMessage> ReadMessageAsync(Block block, int index, bool isFresh)
    {
        var id = block.IdAt(index);
        var key = LedgerKeys.Message(id.Value);
        for (var isFirst = true; ; isFirst = false)
        {
            var value = isFresh ? await _store.RereadAsync(Family.Messages, key) : await _store.GetAsync(Family.Messages, key);
            var isThere = StoredMessage.TryDecode(value ?? [], out var stored) && stored.Height == block.Height && stored.Index == index;
            if (isThere && stored.HasBody && stored.Message.ComputeHash() == block.MessageHashAt(index))
            {
                return stored;
            }

            if (isThere && !stored.HasBody && block.Height > BodiesHeight)
            {
                return stored;
            }

            if (!isFirst || stored.HasBody)
            {
                throw new StorageException(
                    StorageFault.Corrupt,
                    $"message {id}, which block {block.Height} lists at {index}, is {(value is null ? "missing" : "not what is stored under that id")}")
                {
                    Damage = Damage.OfMessage(id, block.Height, index),
                };
            }
        }
    }

    private static StorageException DamagedBlock(ulong height, string what) =>
        new(StorageFault.Corrupt, $"block {height} {what}") { Damage = Damage.OfBlock(height) };
}
