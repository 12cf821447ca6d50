using System.Collections.Immutable;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Grains.Cluster;
using Kimura.Grains.Network;
using Kimura.Interfaces;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Orleans;
using Orleans.Concurrency;

namespace Kimura.Grains.Reading;

/// <summary>Concurrent reads from the silo's store; what is not there, a body or what only the leader knows, is asked of others.</summary>
[StatelessWorker]
[Reentrant]
internal sealed class ChainReader(
    IChainLog log,
    ChainStore chain,
    NodeOptions options,
    TimeProvider time,
    INetworkView? network = null,
    IBodySource? bodies = null,
    ILeaderReads? leader = null,
    ClusterView? cluster = null) : Grain, IChainReader
{
    private const int MaxBlocks = 1_000;
    private const int MaxMessages = 1_000;

    // Short, because a silo that stops waits for the calls in progress.
    private static readonly TimeSpan TipWait = TimeSpan.FromSeconds(1);

    private readonly BodyReader _messages = new(chain, bodies);

    public Task<NodeStatus> GetStatusAsync()
    {
        var tip = chain.Tip;
        var logHeight = cluster?.News?.Tip.Height ?? 0;
        return Task.FromResult(new NodeStatus
        {
            ChainId = chain.Parameters.ChainId,
            GenesisHash = chain.Parameters.Genesis.Hash.Value.ToArray(),
            Tip = TipOf(tip),
            TipTimestamp = tip.Header.Timestamp,
            IsLeader = options.IsLeader,
            LeaderKey = options.Producers.IsKnown ? options.Producers.KeyAt(tip.Height + 1).ToArray() : default,
            IsSyncing = (network?.IsSyncing ?? false) || logHeight > tip.Height + 1,
            TargetHeight = Math.Max(Math.Max(network?.TargetHeight ?? 0, logHeight), tip.Height),
            Peers = network?.Peers ?? 0,
            Pending = chain.PendingCount,
            Equivocations = chain.EquivocationCount,
            Epoch = log.LeaderEpoch,
            Engine = options.Engine,
            Version = options.Version,
            BlockIntervalMilliseconds = (int)options.BlockInterval.TotalMilliseconds,
            LacksMessages = chain.BodiesHeight is not null,
            Paused = chain.Pause,
            Cluster = cluster?.StatusAt(tip.Height),
        });
    }

    public Task<TipRecord> GetTipAsync() => Task.FromResult(TipOf(chain.Tip));

    public async Task<TipRecord> WaitForTipAsync(ulong above) => TipOf(await chain.WaitForTipAsync(above, TipWait, time));

    public Task<BlockRecord> GetLatestBlockAsync(bool withMessages) => WholeAsync(() => RecordAsync(chain.Tip, withMessages));

    public Task<BlockRecord?> GetBlockAsync(ulong height, bool withMessages) => WholeAsync(() => FindBlockAsync(height, withMessages));

    public Task<BlockRecord?> GetBlockByHashAsync(ReadOnlyMemory<byte> hash, bool withMessages) => WholeAsync(async () =>
    {
        var wanted = new BlockHash(new Hash32(hash.Span));
        if (await chain.GetHeightAsync(wanted) is not { } height || await chain.GetBlockAsync(height) is not { } block)
        {
            return null;
        }

        return block.Hash == wanted ? await RecordAsync(block, withMessages) : throw Corrupt($"the block with hash {wanted} is not at height {height}, where it was stored");
    });

    public Task<ImmutableArray<BlockRecord>> GetBlocksAsync(ulong first, ulong last) => WholeAsync(async () =>
    {
        var blocks = ImmutableArray.CreateBuilder<BlockRecord>();
        for (var height = first; height <= last && blocks.Count < MaxBlocks && await chain.GetBlockAsync(height) is { } block; height++)
        {
            blocks.Add(new BlockRecord(block.Encoding, default));
        }

        return blocks.DrainToImmutable();
    });

    public Task<MessageAnswer> GetMessageAsync(ReadOnlyMemory<byte> id) => WholeAsync(async () =>
    {
        var messageId = new MessageId(new Hash32(id.Span));
        var (found, message) = await _messages.ReadAsync(messageId);
        return found switch
        {
            BodyOutcome.Found => new MessageAnswer(RecordOf(messageId, message)),
            BodyOutcome.Unreachable => new MessageAnswer(null, IsUnreachable: true),
            _ => leader is null ? new MessageAnswer(null) : await AskLeaderAsync(leader, messageId),
        };
    });

    public Task<MessagesAnswer> GetMessagesAsync(ReadOnlyMemory<byte> publicKey, ulong fromNonce, int count) => WholeAsync(async () =>
    {
        var sender = new PublicKey(publicKey.Span);
        var messages = ImmutableArray.CreateBuilder<MessageRecord>();
        var limit = Math.Min(count, MaxMessages);
        var found = BodyOutcome.Found;
        for (var nonce = fromNonce; messages.Count < limit; nonce++)
        {
            var id = Message.IdOf(sender, nonce);
            (found, var message) = await _messages.ReadAsync(id);
            if (found != BodyOutcome.Found)
            {
                break;
            }

            messages.Add(RecordOf(id, message));
        }

        return new MessagesAnswer(messages.DrainToImmutable(), found == BodyOutcome.Unreachable);
    });

    public Task<NonceAnswer> GetNonceAsync(ReadOnlyMemory<byte> publicKey) => WholeAsync(async () =>
    {
        if (leader is null)
        {
            return new NonceAnswer(await chain.GetNonceAsync(new PublicKey(publicKey.Span)));
        }

        var answer = await leader.GetNonceAsync(publicKey);
        return new NonceAnswer(answer.Nonce, !answer.IsReachable);
    });

    public Task<ProofRecord?> GetProofAsync(ReadOnlyMemory<byte> id) => WholeAsync(() => ProveAsync(id));

    private async Task<ProofRecord?> ProveAsync(ReadOnlyMemory<byte> id)
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
        if (message.Index >= block.Count || block.IdAt(message.Index) != messageId
            || (message.HasBody && block.MessageHashAt(message.Index) != message.Message.ComputeHash()))
        {
            throw Corrupt($"block {height} does not list message {messageId}, as it is stored, at {message.Index}");
        }

        var header = new byte[BlockHeader.Size];
        block.Header.WriteTo(header);
        return new ProofRecord(
            false,
            block.MessageHashAt(message.Index).Value.ToArray(),
            message.Index,
            block.Count,
            MerkleTree.ComputePath(block.Entries, message.Index),
            header);
    }

    // The chain store has tried to mend what it met. The caller is told apart what is damaged and what has failed.
    private static async Task<T> WholeAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            throw new DamagedDataException(damage.Message);
        }
    }

    private async Task<BlockRecord?> FindBlockAsync(ulong height, bool withMessages) =>
        await chain.GetBlockAsync(height) is { } block ? await RecordAsync(block, withMessages) : null;

    private static TipRecord TipOf(Block tip) => new(tip.Height, tip.Hash.Value.ToArray());

    private static MessageRecord RecordOf(MessageId id, in StoredMessage message) =>
        new(id.Value.ToArray(), message.Message.Encoding, message.Height is not null, message.Height ?? 0, message.Index);

    // The leader is believed no more than anybody: what does not fit is no answer.
    private async Task<MessageAnswer> AskLeaderAsync(ILeaderReads link, MessageId id)
    {
        var answer = await link.GetMessageAsync(id.Value.ToArray());
        if (answer is { IsReachable: true, Encoding: null })
        {
            return new MessageAnswer(null);
        }

        return answer is { IsReachable: true, Encoding: { } encoding }
            && Message.TryDecode(encoding, chain.Parameters.MaxContent, out var message)
            && message.ComputeId() == id && message.HasValidSignature(chain.Parameters)
            ? new MessageAnswer(new MessageRecord(id.Value.ToArray(), encoding, IsConfirmed: false))
            : new MessageAnswer(null, IsUnreachable: true);
    }

    private async Task<BlockRecord> RecordAsync(Block block, bool withMessages)
    {
        if (!withMessages)
        {
            return new BlockRecord(block.Encoding, default);
        }

        var messages = await _messages.ReadAllAsync(block);
        return new BlockRecord(block.Encoding, messages ?? default, AreMessagesUnreachable: messages is null);
    }

    private static StorageException Corrupt(string message) => new(StorageFault.Corrupt, message);
}
