using Kimura.Storage;
using Kimura.Storage.KeyValue;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>One operation of a commit, copied.</summary>
internal sealed record Change(Family Family, bool IsDelete, string Key, string Value);

/// <summary>A store in front of a real one that notes every commit, and can hold synced commits back. What is held goes on in the order of the calls.</summary>
internal sealed class HeldStore(IKeyValueStore inner) : IKeyValueStore
{
    private readonly Lock _gate = new();
    private readonly List<IReadOnlyList<Change>> _commits = [];
    private Task _before = Task.CompletedTask;
    private TaskCompletionSource? _held;
    private TaskCompletionSource _reached = NewSource();
    private TaskCompletionSource? _heldReads;
    private TaskCompletionSource _readReached = NewSource();

    public Task<StorageException> Failed => inner.Failed;

    /// <summary>The synced commits so far, held ones too.</summary>
    public IReadOnlyList<IReadOnlyList<Change>> SyncedCommits
    {
        get
        {
            lock (_gate)
            {
                return [.. _commits];
            }
        }
    }

    /// <summary>Completes when a synced commit is held.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Completes when a read is held.</summary>
    public Task ReadReached => _readReached.Task;

    /// <summary>For tests that write much and lose nothing by it.</summary>
    public bool SkipsSyncs { get; set; }

    public void Hold()
    {
        lock (_gate)
        {
            _held = NewSource();
            _reached = NewSource();
        }
    }

    public void Release() => Interlocked.Exchange(ref _held, null)?.SetResult();

    /// <summary>From now on reads of single keys take their value and then wait.</summary>
    public void HoldReads()
    {
        _readReached = NewSource();
        _heldReads = NewSource();
    }

    public void ReleaseReads() => Interlocked.Exchange(ref _heldReads, null)?.SetResult();

    public async ValueTask<byte[]?> GetAsync(Family family, ReadOnlyMemory<byte> key)
    {
        var value = await inner.GetAsync(family, key);
        if (_heldReads is { } held)
        {
            _readReached.TrySetResult();
            await held.Task;
        }

        return value;
    }

    public IAsyncEnumerable<KeyValuePair<byte[], byte[]>> IterateAsync(Family family, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> from) =>
        inner.IterateAsync(family, prefix, from);

    public ValueTask CommitAsync(WriteBatch batch, bool sync)
    {
        lock (_gate)
        {
            if (sync)
            {
                _commits.Add([.. Changes(batch)]);
            }

            if (sync && _held is { } held)
            {
                _before = AfterAsync(Task.WhenAll(_before, held.Task), batch);
                _reached.TrySetResult();
                return new ValueTask(_before);
            }
        }

        return inner.CommitAsync(batch, sync && !SkipsSyncs);
    }

    public ValueTask CheckpointAsync(string directory) => inner.CheckpointAsync(directory);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public static IEnumerable<Change> Changes(WriteBatch batch)
    {
        var changes = new List<Change>();
        for (var i = 0; i < batch.Count; i++)
        {
            var operation = batch[i];
            changes.Add(new Change(
                operation.Family, operation.IsDelete, Convert.ToHexStringLower(operation.Key), Convert.ToHexStringLower(operation.Value)));
        }

        return changes;
    }

    private async Task AfterAsync(Task before, WriteBatch batch)
    {
        await before;
        await inner.CommitAsync(batch, sync: true);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
