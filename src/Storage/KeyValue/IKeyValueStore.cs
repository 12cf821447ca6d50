namespace Kimura.Storage.KeyValue;

/// <summary>
/// The one port through which chain state reaches a disk: RocksDB in production, a simulated disk in simulation.
/// Any member may be called from any thread. Keys and values are copied: the caller keeps its buffers.
/// After a failed commit every further call throws: a failed write ends the store, not the data.
/// </summary>
public interface IKeyValueStore : IAsyncDisposable
{
    /// <summary>The value stored under the key, or null. Sees every commit that has completed.</summary>
    /// <exception cref="StorageException">The record is damaged, or the store has failed.</exception>
    ValueTask<byte[]?> GetAsync(Family family, ReadOnlyMemory<byte> key);

    /// <summary>
    /// A part of the value stored under the key, without a copy of the rest; null where there is no value, or none that reaches so far.
    /// </summary>
    /// <exception cref="StorageException">As for <see cref="GetAsync"/>.</exception>
    async ValueTask<byte[]?> GetPartAsync(Family family, ReadOnlyMemory<byte> key, int offset, int length) =>
        await GetAsync(family, key) is { } value && value.Length - length >= offset ? value[offset..(offset + length)] : null;

    /// <summary>
    /// As <see cref="GetAsync"/>, for one who looks through everything: what is read does not push anything out of memory.
    /// </summary>
    /// <exception cref="StorageException">As for <see cref="GetAsync"/>.</exception>
    ValueTask<byte[]?> RereadAsync(Family family, ReadOnlyMemory<byte> key) => GetAsync(family, key);

    /// <summary>
    /// Every pair whose key starts with <paramref name="prefix"/> and is not below <paramref name="from"/> (empty: from the
    /// first), in ascending byte order, as of the moment of the call.
    /// </summary>
    IAsyncEnumerable<KeyValuePair<byte[], byte[]>> IterateAsync(Family family, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> from);

    /// <summary>
    /// Applies the batch, all or nothing. Commits take effect in the order of the calls. With <paramref name="sync"/> it completes
    /// after the write-ahead log is on disk. The batch must not be changed before the task completes.
    /// </summary>
    ValueTask CommitAsync(WriteBatch batch, bool sync);

    /// <summary>Makes an openable copy of the store, as of now, in a directory that must not exist yet.</summary>
    ValueTask CheckpointAsync(string directory);

    /// <summary>Completes with the failure that ended the store; never completes while the store is well.</summary>
    Task<StorageException> Failed { get; }
}
