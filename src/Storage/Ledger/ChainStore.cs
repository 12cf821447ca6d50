using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Storage.KeyValue;
using Kimura.Storage.SignGuard;

namespace Kimura.Storage.Ledger;

/// <summary>
/// The chain on disk (protocol section 4): the only place where chain state is written. A block, and its messages, are seen by readers
/// only after its one synced batch, and after the sign guard's record where this node signed it. Any member may be called from any thread.
/// </summary>
public sealed class ChainStore : IDisposable
{
    private readonly IKeyValueStore _store;
    private readonly ISignGuard? _guard;
    private readonly PendingIndex _pending;
    private readonly EpochFence _leader = new();
    private readonly EpochFence _pool = new();
    private readonly SemaphoreSlim _blocks = new(1, 1);
    private readonly EquivocationLog _equivocations;
    private readonly TipWatch _watch;
    private readonly TaskCompletionSource<StorageException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Block _tip;

    internal ChainStore(
        IKeyValueStore store, ChainParameters parameters, ISignGuard? guard, Block tip, PendingIndex pending, EquivocationLog equivocations)
    {
        _store = store;
        Parameters = parameters;
        _guard = guard;
        _tip = tip;
        _pending = pending;
        _equivocations = equivocations;
        _watch = new TipWatch(tip.Height);
        _ = EndWithAsync(store.Failed);
    }

    /// <summary>The chain's parameters.</summary>
    public ChainParameters Parameters { get; }

    /// <summary>The newest block that readers may see.</summary>
    public Block Tip => Volatile.Read(ref _tip);

    /// <summary>Messages on disk and in no block that readers may see.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>The leader's epoch in force here; 0 before any was taken.</summary>
    public ulong LeaderEpoch => _leader.Epoch;

    /// <summary>The pool's epoch in force here; 0 before any was taken.</summary>
    public ulong PoolEpoch => _pool.Epoch;

    /// <summary>Second blocks at one height that were kept as evidence.</summary>
    public int EquivocationCount => _equivocations.Count;

    /// <summary>Completes with the failure that ended the store; never while it is well.</summary>
    public Task<StorageException> Failed => _failed.Task;

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

        var value = await _store.GetAsync(Family.Messages, LedgerKeys.Message(id.Value));
        return value is not null && StoredMessage.Decode(id, value) is var message && message.Height <= Tip.Height ? message : null;
    }

    /// <summary>The next nonce that a sender should use: what is pending counted in.</summary>
    public async ValueTask<ulong> GetNonceAsync(PublicKey sender)
    {
        // A sender leaves the index after the chain's own counter was raised on disk.
        return _pending.NextNonceOf(sender) ?? await GetChainNonceAsync(sender);
    }

    /// <summary>The pool as it is on disk, oldest first.</summary>
    public IReadOnlyList<PendingMessage> GetAllPending() => [.. _pending.Messages.OrderBy(message => message.Arrival)];

    /// <summary>Takes the leader's epoch: after it nothing of an older one is written. False where a newer one was taken.</summary>
    public Task<bool> TakeLeaderEpochAsync(ulong epoch) => _leader.RaiseAsync(epoch);

    /// <summary>Takes the pool's epoch: after it nothing of an older one is written. False where a newer one was taken.</summary>
    public Task<bool> TakePoolEpochAsync(ulong epoch) => _pool.RaiseAsync(epoch);

    /// <summary>Stores messages in the pool, synced, and shows them. They come in the order of arrival and of each sender's nonces.</summary>
    public async Task<CommitOutcome> StorePendingAsync(ulong epoch, IReadOnlyList<PendingMessage> messages)
    {
        var batch = new WriteBatch();
        foreach (var message in messages)
        {
            batch.Put(
                Family.Pending, LedgerKeys.Pending(message.Id.Value), LedgerKeys.BigEndian(message.Arrival), message.Message.Encoding.Span);
        }

        return await _pool.RunAsync(epoch, () => StorePendingAsync(batch, messages));
    }

    /// <summary>
    /// Commits the leader's next block with its messages, which must all be pending. Completes after the batch and the sign guard
    /// are on disk; only then is the block seen.
    /// </summary>
    public Task<CommitOutcome> CommitProducedAsync(ulong epoch, Block block) =>
        _leader.RunAsync(epoch, () => OneByOneAsync(() => CommitProducedAsync(block)));

    /// <summary>Commits a verified block of another node with its messages.</summary>
    public Task<CommitOutcome> CommitFollowedAsync(Block block, IReadOnlyList<Message> bodies)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bodies.Count, block.Count, nameof(bodies));
        return OneByOneAsync(() => CommitFollowedBlockAsync(block, bodies));
    }

    /// <summary>Keeps the header of a second, validly signed block as evidence; false if it was known or the log is full.</summary>
    public ValueTask<bool> KeepEquivocationAsync(Block block) => _equivocations.KeepAsync(block);

    /// <summary>The counter of a sender by blocks alone, pending messages not counted in.</summary>
    public async ValueTask<ulong> GetChainNonceAsync(PublicKey sender)
    {
        var value = await _store.GetAsync(Family.Metadata, LedgerKeys.Nonce(sender));
        return value is null ? 0 : LedgerKeys.ReadNumber(value, $"the next nonce of {sender}");
    }

    /// <summary>Releases locks; the key-value store is closed by its owner.</summary>
    public void Dispose()
    {
        _blocks.Dispose();
        _equivocations.Dispose();
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

    // One block at a time, whoever made it: there is never a second one at a height.
    private async Task<CommitOutcome> OneByOneAsync(Func<Task<CommitOutcome>> commit)
    {
        await _blocks.WaitAsync();
        try
        {
            return await commit();
        }
        finally
        {
            _blocks.Release();
        }
    }

    private async Task<CommitOutcome> CommitProducedAsync(Block block)
    {
        if (!IsNext(block) || FindPending(block) is not { } bodies)
        {
            return CommitOutcome.Stale;
        }

        var batch = BlockBatch.Build(block, i => bodies[i].Message, _pending.FirstNonceOf);
        BlockBatch.DeletePending(batch, bodies);
        await CommitAsync(batch, _guard is null ? null : new SignedBlock(block.Height, block.Hash.Value.ToArray()));
        Show(block, bodies);
        return CommitOutcome.Committed;
    }

    private async Task<CommitOutcome> CommitFollowedBlockAsync(Block block, IReadOnlyList<Message> bodies)
    {
        if (!IsNext(block))
        {
            return CommitOutcome.Stale;
        }

        // What is pending here may be in another leader's block: it must not come into a second one.
        var taken = Enumerable.Range(0, block.Count).Select(i => GetPending(block.IdAt(i))).OfType<PendingMessage>().ToList();
        var batch = BlockBatch.Build(block, i => bodies[i], _pending.FirstNonceOf);
        BlockBatch.DeletePending(batch, taken);
        await CommitAsync(batch);
        Show(block, taken);
        return CommitOutcome.Committed;
    }

    private bool IsNext(Block block)
    {
        var tip = Tip;
        return block.Height == tip.Height + 1 && block.Header.PrevHash == tip.Hash;
    }

    private PendingMessage[]? FindPending(Block block)
    {
        var found = new PendingMessage[block.Count];
        for (var i = 0; i < found.Length; i++)
        {
            if (!_pending.TryGet(block.IdAt(i), out var message))
            {
                return null;
            }

            found[i] = message.Hash == block.MessageHashAt(i)
                ? message
                : throw new InvalidOperationException($"block {block.Height}: message {i} ({message.Id}) is not the one that is pending");
        }

        return found;
    }

    private void Show(Block block, IReadOnlyList<PendingMessage> taken)
    {
        Volatile.Write(ref _tip, block);
        foreach (var message in taken)
        {
            _pending.Remove(message);
        }

        _watch.Rise(block.Height);
    }

    private async Task<CommitOutcome> StorePendingAsync(WriteBatch batch, IReadOnlyList<PendingMessage> messages)
    {
        await CommitAsync(batch);
        foreach (var message in messages)
        {
            _pending.Add(message);
        }

        return CommitOutcome.Committed;
    }

    // After a failure nothing more is written: a block that the guard knows nothing of may be on disk, and must not be made again.
    private async Task CommitAsync(WriteBatch batch, SignedBlock? signed = null)
    {
        if (_failed.Task.IsCompleted)
        {
            var failure = await _failed.Task;
            throw new StorageException(failure.Fault, failure.Message, failure);
        }

        try
        {
            await _store.CommitAsync(batch, sync: true);
            if (signed is not null)
            {
                await _guard!.RecordAsync(signed.Value);
            }
        }
        catch (Exception exception)
        {
            _failed.TrySetResult(exception as StorageException ?? new StorageException(StorageFault.Failed, exception.Message, exception));
            throw;
        }
    }

    private async Task EndWithAsync(Task<StorageException> failed) => _failed.TrySetResult(await failed);
}
