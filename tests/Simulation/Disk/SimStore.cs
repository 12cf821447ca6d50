using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Disk;

/// <summary>
/// The key-value port over a <see cref="Platter"/>, for one life of a process. As RocksDbStore: commits that wait together are one write and share
/// its sync; none is seen before its write is done; the first failure ends the store.
/// </summary>
internal sealed class SimStore(Platter platter, DiskTrouble trouble, Life life, SimRandom random, Action<WriteBatch>? onApplied) : IKeyValueStore
{
    private readonly TaskCompletionSource<StorageException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<Commit> _queue = new();
    private readonly List<Commit> _run = [];
    private TaskCompletionSource? _closing;
    private StorageException? _failure;

    public Task<StorageException> Failed => _failed.Task;

    public ValueTask<byte[]?> GetAsync(Family family, ReadOnlyMemory<byte> key)
    {
        Enter();
        if (platter.IsDamaged(family, key.Span))
        {
            throw Damaged(family);
        }

        return ValueTask.FromResult((byte[]?)platter.Find(family, key.Span)?.Clone());
    }

    public async IAsyncEnumerable<KeyValuePair<byte[], byte[]>> IterateAsync(Family family, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> from)
    {
        Enter();
        var found = platter.KeysOf(family)
            .Where(key => key.AsSpan().StartsWith(prefix.Span) && key.AsSpan().SequenceCompareTo(from.Span) >= 0)
            .Select(key => KeyValuePair.Create(key, platter.Find(family, key)!))
            .ToList();
        found.Sort(static (one, other) => one.Key.AsSpan().SequenceCompareTo(other.Key));
        foreach (var pair in found)
        {
            Enter();
            if (platter.IsDamaged(family, pair.Key))
            {
                throw Damaged(family);
            }

            yield return KeyValuePair.Create((byte[])pair.Key.Clone(), (byte[])pair.Value.Clone());
        }

        await Task.CompletedTask;
    }

    public ValueTask CommitAsync(WriteBatch batch, bool sync)
    {
        Enter();
        ObjectDisposedException.ThrowIf(_closing is not null, this);
        var commit = new Commit(batch, sync);
        _queue.Enqueue(commit);
        if (_run.Count == 0)
        {
            Begin();
        }

        return new ValueTask(commit.Done.Task);
    }

    public ValueTask CheckpointAsync(string directory) => throw new NotSupportedException("a simulated disk has no directories");

    public async ValueTask DisposeAsync()
    {
        _closing ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_run.Count == 0)
        {
            Close();
        }

        await _closing.Task;
    }

    /// <summary>
    /// The process ends now, or the power fails: what is under way is on disk, or only its beginning, or nothing; what was never synced survives the
    /// process, but not the power.
    /// </summary>
    public void Crash(bool power)
    {
        var torn = random.Next(_run.Count + 1);
        for (var i = 0; i < torn; i++)
        {
            Apply(_run[i].Batch);
        }

        if (power)
        {
            platter.Lose(random.Next(platter.Unsynced + 1));
        }
        else
        {
            platter.Sync();
        }

        _run.Clear();
        _queue.Clear();
    }

    private static StorageException Damaged(Family family) =>
        new(StorageFault.Corrupt, $"a record in {family} is damaged: its checksum does not fit, restore the database from a backup");

    private void Enter()
    {
        life.World.RequireHere("the disk was used");
        if (_failure is { } failure)
        {
            throw new StorageException(failure.Fault, failure.Message, failure);
        }
    }

    private void Begin()
    {
        while (_queue.TryDequeue(out var commit))
        {
            _run.Add(commit);
        }

        var time = trouble.DurationOf(life.World, random, _run.Exists(static commit => commit.Sync));
        if (trouble.DuringWrite is { } crash)
        {
            trouble.DuringWrite = null;
            life.After(time * random.NextDouble(), crash);
        }

        life.After(time, Finish);
    }

    private void Finish()
    {
        if (trouble.FailsNext || trouble.IsFull(life.World))
        {
            Fail();
            return;
        }

        foreach (var commit in _run)
        {
            Apply(commit.Batch);
        }

        if (_run.Exists(static commit => commit.Sync))
        {
            platter.Sync();
        }

        var done = _run.ToArray();
        _run.Clear();
        Array.ForEach(done, static commit => commit.Done.TrySetResult());
        if (_queue.Count > 0)
        {
            Begin();
        }
        else if (_closing is not null)
        {
            Close();
        }
    }

    private void Fail()
    {
        var isFull = trouble.IsFull(life.World);
        if (!isFull && trouble.IsWritten)
        {
            _run.ForEach(commit => Apply(commit.Batch));
        }

        trouble.FailsNext = false;
        _failure = new StorageException(StorageFault.Failed, isFull ? "no space left on device" : "input/output error");
        var dropped = _run.Concat(_queue).ToArray();
        _run.Clear();
        _queue.Clear();
        _failed.TrySetResult(_failure);
        Array.ForEach(dropped, commit => commit.Done.TrySetException(new StorageException(_failure.Fault, _failure.Message, _failure)));
        if (_closing is not null)
        {
            Close();
        }
    }

    // A close syncs what was written.
    private void Close()
    {
        if (_failure is null)
        {
            platter.Sync();
        }

        _closing!.TrySetResult();
    }

    private void Apply(WriteBatch batch)
    {
        platter.Apply(batch);
        life.World.Audit.Note(Kinds.Commit, (ulong)batch.Size);
        onApplied?.Invoke(batch);
    }

    private sealed class Commit(WriteBatch batch, bool sync)
    {
        public WriteBatch Batch => batch;

        public bool Sync => sync;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
