using Kimura.Storage.KeyValue;

namespace Kimura.Storage.RocksDb;

/// <summary>
/// The one thread that writes. Takes what is queued, in call order, as one run: the run is written as one atomic record and, where any
/// commit in it asked for it, synced once. So whatever arrives while a sync is in flight shares the next one, no commit is visible
/// before it is on disk, and a failure fails the whole run. The first failure ends the writer.
/// </summary>
internal sealed class CommitWriter
{
    /// <summary>Commits that may be queued; a caller beyond that is held until there is room.</summary>
    internal const int QueueLimit = 65_536;

    /// <summary>Bytes of one run, and what the reused native batch may keep; a larger batch is a run of its own.</summary>
    private const int RunBytes = 16 * 1024 * 1024;

    private readonly object _gate = new();
    private readonly Queue<Commit> _queue = new();
    private readonly List<Commit> _run = [];
    private readonly InsertOrder _order = new();
    private readonly NativeDatabase _database;
    private readonly RocksDbHooks _hooks;
    private readonly Action<StorageException> _onFailure;
    private readonly Action _onEnd;
    private StorageException? _failure;
    private bool _closing;
    private nint _nativeBatch;

    /// <param name="database">Where to write.</param>
    /// <param name="hooks">For tests.</param>
    /// <param name="onFailure">Told of the first failure, on the writer's thread.</param>
    /// <param name="onEnd">Called last on the writer's thread, after the drained log was synced: closes the database.</param>
    internal CommitWriter(NativeDatabase database, RocksDbHooks hooks, Action<StorageException> onFailure, Action onEnd)
    {
        _database = database;
        _hooks = hooks;
        _onFailure = onFailure;
        _onEnd = onEnd;
        new Thread(Run) { IsBackground = true, Name = "storage writer" }.Start();
    }

    /// <summary>Synced writes so far.</summary>
    internal long SyncCount { get; private set; }

    /// <summary>Completes when the run that holds the batch is written (and synced).</summary>
    /// <exception cref="StorageException">The store has failed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    internal Task Enqueue(WriteBatch batch, bool sync)
    {
        var commit = new Commit(batch, sync);
        lock (_gate)
        {
            while (_queue.Count >= QueueLimit && !_closing && _failure is null)
                Monitor.Wait(_gate);

            if (_failure is not null)
                throw Again(_failure);

            ObjectDisposedException.ThrowIf(_closing, typeof(RocksDbStore));
            _queue.Enqueue(commit);
            Monitor.PulseAll(_gate);
        }

        return commit.Done.Task;
    }

    /// <summary>Takes no more commits; the thread ends when the queued ones are written. Harmless when repeated.</summary>
    internal void Complete()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The failure, to be thrown once more: each throw its own exception, or their traces would mix.</summary>
    internal static StorageException Again(StorageException failure) =>
        new(failure.Fault, failure.Message, failure) { InFiles = failure.InFiles };

    private void Run()
    {
        _nativeBatch = RocksNative.CreateBatch();
        while (TakeRun())
        {
            if (TryWriteRun() is { } problem)
                Fail(problem);
            else
                _run.ForEach(commit => commit.Done.TrySetResult());

            _run.Clear();
        }

        RocksNative.DestroyBatch(_nativeBatch);
        if (_failure is null && _database.SyncLog() is { } atEnd)
            Fail(atEnd);

        _onEnd();
    }

    private bool TakeRun()
    {
        lock (_gate)
        {
            while (_queue.Count == 0 && !_closing)
                Monitor.Wait(_gate);

            var bytes = 0L;
            while (_queue.TryPeek(out var next) && (_run.Count == 0 || bytes + next.Batch.Size <= RunBytes))
            {
                bytes += next.Batch.Size;
                _run.Add(_queue.Dequeue());
            }

            // Those who are held at a full queue.
            Monitor.PulseAll(_gate);
            return _run.Count > 0;
        }
    }

    // An exception here (no memory, a batch changed while in use) has left the run half built: it ends the store like a failed write.
    private string? TryWriteRun()
    {
        try
        {
            return WriteRun();
        }
        catch (Exception e)
        {
            return e.ToString().ReplaceLineEndings(" ");
        }
    }

    private string? WriteRun()
    {
        var batches = _run.ConvertAll(commit => commit.Batch);
        foreach (var entry in _order.Of(batches))
            _database.Append(_nativeBatch, batches[entry.Batch][entry.Index]);

        var sync = _run.Exists(commit => commit.Sync);
        var problem = _hooks.BeforeWrite?.Invoke(_run.Count) ?? _database.Write(_nativeBatch, sync);
        if (problem is null && sync)
            SyncCount++;

        RocksNative.ClearBatch(_nativeBatch);
        if (batches[0].Size > RunBytes)
        {
            RocksNative.DestroyBatch(_nativeBatch);
            _nativeBatch = RocksNative.CreateBatch();
        }

        return problem;
    }

    private void Fail(string problem)
    {
        var failure = RocksError.WhileWriting(_database.Directory, problem);
        List<Commit> dropped = [.. _run];
        lock (_gate)
        {
            _failure = failure;
            dropped.AddRange(_queue);
            _queue.Clear();
            Monitor.PulseAll(_gate);
        }

        _onFailure(failure);
        dropped.ForEach(commit => commit.Done.TrySetException(Again(failure)));
    }

    private sealed class Commit(WriteBatch batch, bool sync)
    {
        internal WriteBatch Batch { get; } = batch;

        internal bool Sync { get; } = sync;

        internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
