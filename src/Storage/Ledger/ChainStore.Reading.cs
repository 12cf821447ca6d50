using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Storage.KeyValue;

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

    /// <summary>The block at a height, or null above the tip.</summary>
    public async ValueTask<Block?> GetBlockAsync(ulong height)
    {
        var tip = Tip;
        if (height >= tip.Height)
        {
            return height == tip.Height ? tip : null;
        }

        return Decode(await _store.GetAsync(Family.Blocks, LedgerKeys.Block(height)), height);
    }

    /// <summary>The height of the block with a hash, or null.</summary>
    public async ValueTask<ulong?> GetHeightAsync(BlockHash hash)
    {
        var value = await _store.GetAsync(Family.Metadata, LedgerKeys.HeightOf(hash));
        return value is not null && LedgerKeys.ReadNumber(value, $"the height of block {hash}") is var height && height <= Tip.Height ? height : null;
    }

    /// <summary>A message that is on disk and in no visible block, or null.</summary>
    public PendingMessage? GetPending(MessageId id) => _pending.TryGet(id, out var message) ? message : null;

    /// <summary>A message, pending or in a block, or null.</summary>
    public async ValueTask<StoredMessage?> GetMessageAsync(MessageId id)
    {
        // A message leaves the index after its block became visible, so who does not find it here finds it there.
        if (_pending.TryGet(id, out var pending))
        {
            return new StoredMessage(pending.Message, null, 0);
        }

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
                return found;
            }

            // Read just before its body came, which the second read finds; or the body is lost.
            if (!isFirst)
            {
                throw StoredMessage.Damaged(id);
            }
        }
    }

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
        var value = await _store.GetAsync(Family.Metadata, LedgerKeys.Nonce(sender));
        return value is null ? 0 : LedgerKeys.ReadNumber(value, $"the next nonce of {sender}");
    }

    internal static Block? Decode(byte[]? value, ulong height)
    {
        if (value is null)
        {
            return null;
        }

        return Block.TryDecode(value, int.MaxValue, out var block) == BlockShape.WellFormed && block!.Height == height
            ? block
            : throw new StorageException(StorageFault.Corrupt, $"block {height}: what is stored there is not the encoding of that block");
    }
}
