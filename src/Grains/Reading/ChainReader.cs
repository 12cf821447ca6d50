using System.Collections.Immutable;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Orleans;
using Orleans.Concurrency;

namespace Kimura.Grains.Reading;

/// <summary>Concurrent reads from the silo's store.</summary>
[StatelessWorker]
[Reentrant]
internal sealed class ChainReader(ChainStore chain, NodeOptions options, TimeProvider time) : Grain, IChainReader
{
    private const int MaxBlocks = 1_000;
    private const int MaxMessages = 1_000;

    // Short, because a silo that stops waits for the calls in progress.
    private static readonly TimeSpan TipWait = TimeSpan.FromSeconds(1);

    public Task<NodeStatus> GetStatusAsync()
    {
        var tip = chain.Tip;
        return Task.FromResult(new NodeStatus
        {
            ChainId = chain.Parameters.ChainId,
            GenesisHash = chain.Parameters.Genesis.Hash.Value.ToArray(),
            Tip = TipOf(tip),
            TipTimestamp = tip.Header.Timestamp,
            IsLeader = options.IsLeader,
            LeaderKey = options.Producers.KeyAt(tip.Height + 1).ToArray(),
            IsSyncing = false,
            TargetHeight = tip.Height,
            Peers = 0,
            Pending = chain.PendingCount,
            Equivocations = chain.EquivocationCount,
            Epoch = chain.LeaderEpoch,
            Engine = options.Engine,
            Version = options.Version,
            BlockIntervalMilliseconds = (int)options.BlockInterval.TotalMilliseconds,
        });
    }

    public Task<TipRecord> GetTipAsync() => Task.FromResult(TipOf(chain.Tip));

    public async Task<TipRecord> WaitForTipAsync(ulong above) => TipOf(await chain.WaitForTipAsync(above, TipWait, time));

    public Task<BlockRecord> GetLatestBlockAsync(bool withMessages) => RecordAsync(chain.Tip, withMessages);

    public async Task<BlockRecord?> GetBlockAsync(ulong height, bool withMessages) =>
        await chain.GetBlockAsync(height) is { } block ? await RecordAsync(block, withMessages) : null;

    public async Task<BlockRecord?> GetBlockByHashAsync(ReadOnlyMemory<byte> hash, bool withMessages) =>
        await chain.GetHeightAsync(new BlockHash(new Hash32(hash.Span))) is { } height ? await GetBlockAsync(height, withMessages) : null;

    public async Task<ImmutableArray<BlockRecord>> GetBlocksAsync(ulong first, ulong last)
    {
        var blocks = ImmutableArray.CreateBuilder<BlockRecord>();
        for (var height = first; height <= last && blocks.Count < MaxBlocks && await chain.GetBlockAsync(height) is { } block; height++)
        {
            blocks.Add(new BlockRecord(block.Encoding, default));
        }

        return blocks.DrainToImmutable();
    }

    public async Task<MessageRecord?> GetMessageAsync(ReadOnlyMemory<byte> id)
    {
        var messageId = new MessageId(new Hash32(id.Span));
        return await chain.GetMessageAsync(messageId) is { } message ? RecordOf(messageId, message) : null;
    }

    public async Task<ImmutableArray<MessageRecord>> GetMessagesAsync(ReadOnlyMemory<byte> publicKey, ulong fromNonce, int count)
    {
        var sender = new PublicKey(publicKey.Span);
        var messages = ImmutableArray.CreateBuilder<MessageRecord>();
        var limit = Math.Min(count, MaxMessages);
        for (var nonce = fromNonce; messages.Count < limit; nonce++)
        {
            var id = Message.IdOf(sender, nonce);
            if (await chain.GetMessageAsync(id) is not { } message)
            {
                break;
            }

            messages.Add(RecordOf(id, message));
        }

        return messages.DrainToImmutable();
    }

    public async Task<ulong> GetNonceAsync(ReadOnlyMemory<byte> publicKey) => await chain.GetNonceAsync(new PublicKey(publicKey.Span));

    public async Task<ProofRecord?> GetProofAsync(ReadOnlyMemory<byte> id)
    {
        var messageId = new MessageId(new Hash32(id.Span));
        if (await chain.GetMessageAsync(messageId) is not { } message)
        {
            return null;
        }

        if (message.Height is not { } height)
        {
            return new ProofRecord(true, default, 0, 0, default, default);
        }

        var block = await chain.GetBlockAsync(height) ?? throw Corrupt($"block {height}, which holds message {messageId}, is missing");
        var hash = message.Message.ComputeHash();
        if (message.Index >= block.Count || block.IdAt(message.Index) != messageId || block.MessageHashAt(message.Index) != hash)
        {
            throw Corrupt($"block {height} does not list message {messageId}, as it is stored, at {message.Index}");
        }

        var header = new byte[BlockHeader.Size];
        block.Header.WriteTo(header);
        return new ProofRecord(
            false,
            hash.Value.ToArray(),
            message.Index,
            block.Count,
            MerkleTree.ComputePath(block.Entries, message.Index),
            header);
    }

    private static TipRecord TipOf(Block tip) => new(tip.Height, tip.Hash.Value.ToArray());

    private static MessageRecord RecordOf(MessageId id, in StoredMessage message) =>
        new(id.Value.ToArray(), message.Message.Encoding, message.Height is not null, message.Height ?? 0, message.Index);

    private async Task<BlockRecord> RecordAsync(Block block, bool withMessages)
    {
        if (!withMessages)
        {
            return new BlockRecord(block.Encoding, default);
        }

        using var bodies = new MemoryStream();
        for (var i = 0; i < block.Count; i++)
        {
            var message = await chain.GetMessageAsync(block.IdAt(i)) ?? throw Corrupt($"message {block.IdAt(i)} of block {block.Height} is missing");
            bodies.Write(message.Message.Encoding.Span);
        }

        return new BlockRecord(block.Encoding, bodies.ToArray());
    }

    private static StorageException Corrupt(string message) => new(StorageFault.Corrupt, message);
}
