using System.Buffers.Binary;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.Ledger;

/// <summary>The one batch of a block: the block, its messages, the <c>meta:</c> keys, the senders' nonces (protocol section 4).</summary>
internal static class BlockBatch
{
    /// <summary>
    /// The batch of a block with its bodies, given by their index. <paramref name="next"/> knows which nonce a sender's first one must have,
    /// and goes on from there; null: nonces are not kept, because bodies are missing below.
    /// </summary>
    public static WriteBatch Build(Block block, Func<int, Message> bodyAt, NonceRun? next)
    {
        var batch = new WriteBatch();
        batch.Put(Family.Blocks, LedgerKeys.Block(block.Height), block.Encoding.Span);
        PutBodies(batch, block, bodyAt, next);
        PutTip(batch, block);
        return batch;
    }

    /// <summary>The batch of a block whose bodies were not fetched; <paramref name="isFirst"/>: of the first such block.</summary>
    public static WriteBatch BuildList(Block block, bool isFirst)
    {
        var batch = new WriteBatch();
        batch.Put(Family.Blocks, LedgerKeys.Block(block.Height), block.Encoding.Span);
        Span<byte> place = stackalloc byte[StoredMessage.PlaceSize];
        for (var i = 0; i < block.Count; i++)
        {
            batch.Put(Family.Messages, LedgerKeys.Message(block.IdAt(i).Value), WritePlace(place, block, i));
        }

        if (isFirst)
        {
            batch.Put(Family.Metadata, LedgerKeys.BodiesHeight, LedgerKeys.BigEndian(block.Height - 1));
        }

        PutTip(batch, block);
        return batch;
    }

    /// <summary>The batch that completes a stored block with its bodies; <paramref name="isLast"/>: no block above lacks any.</summary>
    public static WriteBatch Complete(Block block, Func<int, Message> bodyAt, NonceRun next, bool isLast)
    {
        var batch = new WriteBatch();
        PutBodies(batch, block, bodyAt, next);
        if (isLast)
        {
            batch.Delete(Family.Metadata, LedgerKeys.BodiesHeight);
        }
        else
        {
            batch.Put(Family.Metadata, LedgerKeys.BodiesHeight, LedgerKeys.BigEndian(block.Height));
        }

        return batch;
    }

    /// <summary>One body, fetched later.</summary>
    public static WriteBatch KeepBody(Block block, int index, in Message body)
    {
        var batch = new WriteBatch();
        Span<byte> place = stackalloc byte[StoredMessage.PlaceSize];
        batch.Put(Family.Messages, LedgerKeys.Message(block.IdAt(index).Value), WritePlace(place, block, index), body.Encoding.Span);
        return batch;
    }

    /// <summary>
    /// The batch that takes the last block off again, with its messages: after it the database is as before that block, its messages not
    /// pending.
    /// </summary>
    /// <exception cref="StorageException">Corrupt: the block's messages are not what is stored.</exception>
    public static async Task<WriteBatch> RemoveAsync(IKeyValueStore store, Block block, Block below)
    {
        var batch = new WriteBatch();
        var bodiesHeight = await store.GetAsync(Family.Metadata, LedgerKeys.BodiesHeight) is { } value
            ? LedgerKeys.ReadNumber(value, "the height up to which messages are complete")
            : ulong.MaxValue;
        var nonces = new Dictionary<PublicKey, ulong>();
        for (var i = 0; i < block.Count; i++)
        {
            var key = LedgerKeys.Message(block.IdAt(i).Value);
            batch.Delete(Family.Messages, key);

            // Above that height nonces are not kept. Below, the first of a sender in the block is the one that was expected before it.
            if (block.Height <= bodiesHeight)
            {
                var body = StoredMessage.TryDecode(await store.GetAsync(Family.Messages, key) ?? [], out var stored) && stored.HasBody
                    ? stored.Message
                    : throw ChainTruncation.Corrupt(block.Height, $"lacks its message {i} ({block.IdAt(i)})");
                nonces.TryAdd(body.Sender, body.Nonce);
            }
        }

        foreach (var (sender, nonce) in nonces)
        {
            PutOrDelete(batch, LedgerKeys.Nonce(sender), nonce == 0 ? null : LedgerKeys.BigEndian(nonce));
        }

        if (bodiesHeight >= below.Height)
        {
            batch.Delete(Family.Metadata, LedgerKeys.BodiesHeight);
        }

        batch.Delete(Family.Blocks, LedgerKeys.Block(block.Height));
        batch.Delete(Family.Metadata, LedgerKeys.HeightOf(block.Hash));
        PutTip(batch, below);
        return batch;
    }

    /// <summary>A block below the tip again, with its place by hash; its messages are records of their own.</summary>
    public static WriteBatch Restore(Block block)
    {
        var batch = new WriteBatch();
        batch.Put(Family.Blocks, LedgerKeys.Block(block.Height), block.Encoding.Span);
        batch.Put(Family.Metadata, LedgerKeys.HeightOf(block.Hash), LedgerKeys.BigEndian(block.Height));
        return batch;
    }

    public static void DeletePending(WriteBatch batch, IEnumerable<PendingMessage> messages)
    {
        foreach (var message in messages)
        {
            batch.Delete(Family.Pending, LedgerKeys.Pending(message.Id.Value));
        }
    }

    private static void PutBodies(WriteBatch batch, Block block, Func<int, Message> bodyAt, NonceRun? next)
    {
        Span<byte> place = stackalloc byte[StoredMessage.PlaceSize];
        var senders = new HashSet<PublicKey>();
        for (var i = 0; i < block.Count; i++)
        {
            var body = bodyAt(i);
            batch.Put(Family.Messages, LedgerKeys.Message(block.IdAt(i).Value), WritePlace(place, block, i), body.Encoding.Span);
            if (next is not null)
            {
                next.Take(block.Height, body);
                senders.Add(body.Sender);
            }
        }

        foreach (var sender in senders)
        {
            batch.Put(Family.Metadata, LedgerKeys.Nonce(sender), LedgerKeys.BigEndian(next!.NextOf(sender)));
        }
    }

    private static void PutOrDelete(WriteBatch batch, byte[] key, byte[]? value)
    {
        if (value is null)
        {
            batch.Delete(Family.Metadata, key);
        }
        else
        {
            batch.Put(Family.Metadata, key, value);
        }
    }

    private static ReadOnlySpan<byte> WritePlace(Span<byte> place, Block block, int index)
    {
        BinaryPrimitives.WriteUInt64BigEndian(place, block.Height);
        BinaryPrimitives.WriteUInt32BigEndian(place[8..], (uint)index);
        return place;
    }

    private static void PutTip(WriteBatch batch, Block block)
    {
        var hash = block.Hash.Value.ToArray();
        var height = LedgerKeys.BigEndian(block.Height);
        batch.Put(Family.Metadata, LedgerKeys.LastHeight, height);
        batch.Put(Family.Metadata, LedgerKeys.LastHash, hash);
        batch.Put(Family.Metadata, LedgerKeys.HeightOf(block.Hash), height);
    }
}
