using System.Buffers.Binary;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.Ledger;

/// <summary>The one batch of a block: the block, its messages, the <c>meta:</c> keys, the senders' nonces (protocol section 4).</summary>
internal static class BlockBatch
{
    /// <summary>Bodies come in block order; <paramref name="nextOf"/> says which nonce a sender's first one must have, null where it is not known.</summary>
    public static WriteBatch Build(Block block, Func<int, Message> bodyAt, Func<PublicKey, ulong?> nextOf)
    {
        var batch = new WriteBatch();
        batch.Put(Family.Blocks, LedgerKeys.Block(block.Height), block.Encoding.Span);
        var nonces = new Dictionary<PublicKey, ulong>();
        Span<byte> place = stackalloc byte[StoredMessage.PlaceSize];
        BinaryPrimitives.WriteUInt64BigEndian(place, block.Height);
        for (var i = 0; i < block.Count; i++)
        {
            var body = bodyAt(i);
            BinaryPrimitives.WriteUInt32BigEndian(place[8..], (uint)i);
            batch.Put(Family.Messages, LedgerKeys.Message(block.IdAt(i).Value), place, body.Encoding.Span);
            var sender = body.Sender;
            var next = nonces.TryGetValue(sender, out var known) ? known : nextOf(sender) ?? body.Nonce;
            if (next != body.Nonce)
            {
                throw new InvalidOperationException($"block {block.Height}: nonce {body.Nonce} of {sender} where {next} must be");
            }

            nonces[sender] = body.Nonce + 1;
        }

        foreach (var (sender, next) in nonces)
        {
            batch.Put(Family.Metadata, LedgerKeys.Nonce(sender), LedgerKeys.BigEndian(next));
        }

        PutTip(batch, block);
        return batch;
    }

    public static void DeletePending(WriteBatch batch, IEnumerable<PendingMessage> messages)
    {
        foreach (var message in messages)
        {
            batch.Delete(Family.Pending, LedgerKeys.Pending(message.Id.Value));
        }
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
