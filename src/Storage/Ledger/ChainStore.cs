using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Log;
using Kimura.Storage.SignGuard;

namespace Kimura.Storage.Ledger;

/// <summary>
/// The chain on disk (protocol section 4): the only place where chain state is written. A block, and its messages, are seen by readers
/// only after its one synced batch, and after the sign guard's record where this node signed it. Any member may be called from any thread.
/// </summary>
public sealed partial class ChainStore : IChainLog, IDisposable
{
    private readonly IKeyValueStore _store;
    private readonly ISignGuard? _guard;
    private readonly EpochFence _leader = new();
    private readonly EpochFence _pool = new();
    private readonly SemaphoreSlim _blocks = new(1, 1);
    private readonly EquivocationLog _equivocations;
    private readonly TipWatch _watch;
    private readonly TaskCompletionSource<StorageException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile PendingIndex _pending;
    private Block _tip;

    internal ChainStore(
        IKeyValueStore store,
        ChainParameters parameters,
        ISignGuard? guard,
        Block tip,
        PendingIndex pending,
        EquivocationLog equivocations,
        ulong? bodiesHeight)
    {
        _store = store;
        Parameters = parameters;
        _guard = guard;
        _tip = tip;
        _pending = pending;
        _equivocations = equivocations;
        _watch = new TipWatch(tip.Height);
        _bodiesHeight = bodiesHeight ?? AllBodies;
        _lostHeight = guard?.Last?.Height is { } signed && signed > tip.Height ? signed : 0;
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

    /// <summary>The pool's epoch in force here; 0 before any was taken, and after blocks came from elsewhere until the next one is.</summary>
    public ulong PoolEpoch => _pool.Epoch;

    /// <summary>Second blocks at one height that were kept as evidence.</summary>
    public int EquivocationCount => _equivocations.Count;

    /// <summary>Completes with the failure that ended the store; never while it is well.</summary>
    public Task<StorageException> Failed => _failed.Task;

    /// <summary>Takes the leader's epoch: after it nothing of an older one is written. False where a newer one was taken.</summary>
    public Task<bool> TakeLeaderEpochAsync(ulong epoch) => _leader.RaiseAsync(epoch);

    /// <summary>
    /// Takes the pool's epoch: after it nothing of an older one is written. False where a newer one was taken. It ends when a block of another
    /// node is committed: what the pool knows of nonces may be wrong then.
    /// </summary>
    public async Task<bool> TakePoolEpochAsync(ulong epoch)
    {
        // Not while blocks are coming in: they would still change what the new epoch begins with.
        await _blocks.WaitAsync();
        try
        {
            return await _pool.RaiseAsync(epoch);
        }
        finally
        {
            _blocks.Release();
        }
    }

    /// <summary>Stores messages in the pool, synced, and shows them. They come in the order of arrival and of each sender's nonces.</summary>
    public async Task<CommitOutcome> StorePendingAsync(ulong epoch, IReadOnlyList<PendingMessage> messages)
    {
        var batch = new WriteBatch();
        foreach (var message in messages)
        {
            batch.Put(
                Family.Pending, LedgerKeys.Pending(message.Id.Value), LedgerKeys.BigEndian(message.Arrival), message.Message.Encoding.Span);
        }

        using var trace = MessageTrace.Begin(LedgerTraces.Source, "store pending", messages.Select(message => message.Id));
        return await _pool.RunAsync(epoch, () => StorePendingAsync(batch, messages));
    }

    /// <summary>
    /// Commits the leader's next block with its messages, which must all be pending. Completes after the batch and the sign guard
    /// are on disk; only then is the block seen.
    /// </summary>
    public async Task<CommitOutcome> CommitProducedAsync(ulong epoch, Block block)
    {
        using var trace = MessageTrace.Begin(LedgerTraces.Source, "store block", Enumerable.Range(0, block.Count).Select(block.IdAt));
        return await _leader.RunAsync(epoch, () => OneByOneAsync(() => CommitProducedAsync(block)));
    }

    /// <summary>Keeps the header of a second, validly signed block at a height as evidence; false if it was known or the log is full.</summary>
    public ValueTask<bool> KeepEquivocationAsync(BlockHeader header) => _equivocations.KeepAsync(header);

    /// <summary>Releases locks; the key-value store is closed by its owner.</summary>
    public void Dispose()
    {
        _blocks.Dispose();
        _equivocations.Dispose();
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
        if (!IsNext(block) || LostBlocks is not null || BodiesHeight is not null || FindPending(block) is not { } bodies)
        {
            return CommitOutcome.Stale;
        }

        var batch = BlockBatch.Build(block, i => bodies[i].Message, new NonceRun(_pending.FirstNonceOf));
        BlockBatch.DeletePending(batch, bodies);
        await CommitAsync(batch, signed: _guard is null ? null : new SignedBlock(block.Height, block.Hash.Value.ToArray()));
        Show(block, bodies);
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
        if (block.Height >= _lostHeight)
        {
            Volatile.Write(ref _lostHeight, 0);
        }

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
    private async Task CommitAsync(WriteBatch batch, bool sync = true, SignedBlock? signed = null)
    {
        await RequireWellAsync();
        try
        {
            await _store.CommitAsync(batch, sync);
            if (signed is not null)
            {
                await _guard!.RecordAsync(signed.Value);
            }
        }
        catch (Exception exception)
        {
            End(exception);
            throw;
        }
    }

    private async Task RequireWellAsync()
    {
        if (_failed.Task.IsCompleted)
        {
            var failure = await _failed.Task;
            throw new StorageException(failure.Fault, failure.Message, failure);
        }
    }

    private void End(Exception exception) =>
        _failed.TrySetResult(exception as StorageException ?? new StorageException(StorageFault.Failed, exception.Message, exception));

    private async Task EndWithAsync(Task<StorageException> failed) => _failed.TrySetResult(await failed);
}
