using System.Globalization;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.Backup;

/// <summary>
/// Hands out copies of an open store as of now, one at a time: hard links where the file system can, so a copy takes next to no room while
/// it is young. The folder is the store owner's: what is in it when the store is opened was left behind.
/// </summary>
public sealed class Checkpoints(IKeyValueStore store, string folder) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _count;

    /// <summary>Deletes what an earlier process left; to be called before anybody takes one.</summary>
    /// <exception cref="StorageException">Failed: it cannot be deleted.</exception>
    public void Clean() => OnDisk(() =>
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    });

    /// <summary>A copy, to be disposed of; null while somebody else has one.</summary>
    /// <exception cref="StorageException">The store, or the disk, fails.</exception>
    public async Task<Checkpoint?> TryTakeAsync()
    {
        if (!await _turn.WaitAsync(0))
        {
            return null;
        }

        var path = Path.Combine(folder, (++_count).ToString(CultureInfo.InvariantCulture));
        var checkpoint = new Checkpoint(path, () => Release(path));
        try
        {
            OnDisk(() => BackupFiles.CreateDirectory(folder));
            await store.CheckpointAsync(path);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private void Release(string path)
    {
        try
        {
            OnDisk(() =>
            {
                if (Directory.Exists(path))
                {
                    Directory.Delete(path, recursive: true);
                }
            });
        }
        finally
        {
            _turn.Release();
        }
    }

    private void OnDisk(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageFault.Failed, $"the copies for backups in {folder} cannot be made or deleted: {exception.Message}", exception);
        }
    }
}

/// <summary>A directory with a copy of a store, deleted when it is disposed of.</summary>
public sealed class Checkpoint(string path, Action release) : IDisposable
{
    private Action? _release = release;

    /// <summary>The directory.</summary>
    public string Path { get; } = path;

    /// <summary>Deletes the copy. Harmless when repeated.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
