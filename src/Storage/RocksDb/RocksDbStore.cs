using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb.LogScan;
using Kimura.Storage.Space;
using Microsoft.Extensions.Logging;

namespace Kimura.Storage.RocksDb;

/// <summary>
/// The key-value port on RocksDB (its C API). One writer thread, on which commits that wait together share one write and one sync;
/// reads on the caller's thread. The queue of commits is bounded: a caller that finds 65,536 of them waiting is held until there is room.
/// </summary>
public sealed partial class RocksDbStore : IKeyValueStore
{
    private readonly TaskCompletionSource<StorageException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly UseCount _users = new();
    private readonly HashSet<Cursor> _cursors = [];
    private readonly NativeDatabase _database;
    private readonly DirectoryLock _lock;
    private readonly ILogger _logger;
    private readonly CommitWriter _writer;
    private volatile StorageException? _failure;

    private RocksDbStore(NativeDatabase database, DirectoryLock directoryLock, ILogger logger, RocksDbHooks hooks)
    {
        _database = database;
        _lock = directoryLock;
        _logger = logger;
        _writer = new CommitWriter(database, hooks, OnFailure, Close);
    }

    /// <inheritdoc />
    public Task<StorageException> Failed => _failed.Task;

    internal string Directory => _database.Directory;

    /// <summary>Synced writes so far; fewer than the commits that asked for one where they shared.</summary>
    internal long SyncCount => _writer.SyncCount;

    /// <summary>Iterations that are not disposed yet.</summary>
    internal int OpenIterations
    {
        get
        {
            lock (_cursors)
                return _cursors.Count;
        }
    }

    /// <summary>
    /// Scans the log files (see LogScanner), cuts a torn remnant at the newest one's end, and opens the database,
    /// creating it and its column families where absent.
    /// </summary>
    /// <exception cref="StorageException">Corrupt, Locked or Failed, with one line that names the file and what is wrong.</exception>
    public static Task<RocksDbStore> OpenAsync(string directory, ILogger logger) => OpenAsync(directory, logger, new RocksDbHooks());

    /// <inheritdoc />
    public ValueTask<byte[]?> GetAsync(Family family, ReadOnlyMemory<byte> key) => Get(family, key, 0, null);

    /// <inheritdoc />
    public ValueTask<byte[]?> GetPartAsync(Family family, ReadOnlyMemory<byte> key, int offset, int length) => Get(family, key, offset, length);

    /// <inheritdoc />
    public ValueTask<byte[]?> RereadAsync(Family family, ReadOnlyMemory<byte> key) => Get(family, key, 0, null, keep: false);

    /// <inheritdoc />
    public IAsyncEnumerable<KeyValuePair<byte[], byte[]>> IterateAsync(Family family, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> from)
    {
        Families.Check(family);
        Enter();
        try
        {
            var cursor = new Cursor(this, _database, family, prefix.Span, from.Span);
            lock (_cursors)
                _cursors.Add(cursor);

            return cursor;
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc />
    public ValueTask CommitAsync(WriteBatch batch, bool sync) => new(_writer.Enqueue(batch, sync));

    /// <inheritdoc />
    public async ValueTask CheckpointAsync(string directory)
    {
        Enter();
        try
        {
            // It flushes and links or copies files: not on the caller's thread.
            // Then the log is put on disk: what the copy holds, this database must not lose any more.
            if (await Task.Run(() => _database.Checkpoint(directory) ?? _database.SyncLog()) is { } problem)
                throw new StorageException(StorageFault.Failed, $"no checkpoint can be made in {directory}: {problem}");
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Writes what is queued, syncs the log, waits for the readers and closes.</summary>
    public ValueTask DisposeAsync()
    {
        _writer.Complete();
        return new ValueTask(_closed.Task);
    }

    internal static Task<RocksDbStore> OpenAsync(string directory, ILogger logger, RocksDbHooks hooks) =>
        Task.Run(() => Open(Path.GetFullPath(directory), logger, hooks));

    /// <summary>For tests: what RocksDB does by itself when it finds it worth it.</summary>
    internal Task CompactAsync(Family family) => Task.Run(() =>
    {
        Enter();
        try
        {
            _database.Compact(family);
        }
        finally
        {
            Exit();
        }
    });

    internal bool TryEnter() => _users.TryEnter();

    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    /// <exception cref="StorageException">The store has failed.</exception>
    internal void Enter()
    {
        ObjectDisposedException.ThrowIf(!_users.TryEnter(), this);
        if (_failure is { } failure)
        {
            Exit();
            throw CommitWriter.Again(failure);
        }
    }

    internal void Exit() => _users.Exit();

    internal void Forget(Cursor cursor)
    {
        lock (_cursors)
            _cursors.Remove(cursor);
    }

    private static RocksDbStore Open(string directory, ILogger logger, RocksDbHooks hooks)
    {
        RocksLibrary.EnsureLoaded();
        var directoryLock = DirectoryLock.Take(directory);
        try
        {
            LogScanner.Run(directory, logger);
            DiskSpace.Of(directory).RequireRoomToOpen(directory);
            return new RocksDbStore(NativeDatabase.Open(directory), directoryLock, logger, hooks);
        }
        catch
        {
            directoryLock.Dispose();
            throw;
        }
    }

    private ValueTask<byte[]?> Get(Family family, ReadOnlyMemory<byte> key, int offset, int? length, bool keep = true)
    {
        Families.Check(family);
        Enter();
        try
        {
            return ValueTask.FromResult(_database.Get(family, key.Span, offset, length, keep));
        }
        finally
        {
            Exit();
        }
    }

    private void OnFailure(StorageException failure)
    {
        _failure = failure;
        LogFailed(_logger, failure.Message);
        _failed.TrySetResult(failure);
    }

    // On the writer's thread, after its last write.
    private void Close()
    {
        _users.Close();
        lock (_cursors)
        {
            foreach (var cursor in _cursors)
                cursor.Release();

            _cursors.Clear();
        }

        _database.Close();
        _lock.Dispose();
        _closed.TrySetResult();
    }
}
