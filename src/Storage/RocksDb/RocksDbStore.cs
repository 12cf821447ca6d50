using Kimura.Storage.KeyValue;
using Microsoft.Extensions.Logging;

namespace Kimura.Storage.RocksDb;

/// <summary>The key-value port on RocksDB (its C API). One writer thread; reads on the caller's thread.</summary>
public sealed class RocksDbStore : IKeyValueStore
{
    private RocksDbStore()
    {
    }

    /// <summary>
    /// Scans the log files (see LogScanner), cuts a torn remnant at the newest one's end, and opens the database,
    /// creating it and its column families where absent.
    /// </summary>
    /// <exception cref="StorageException">Corrupt, Locked or Failed, with one line that names the file and what is wrong.</exception>
    public static Task<RocksDbStore> OpenAsync(string directory, ILogger logger) => throw new NotImplementedException();

    /// <inheritdoc />
    public Task<StorageException> Failed => throw new NotImplementedException();

    /// <inheritdoc />
    public ValueTask<byte[]?> GetAsync(Family family, ReadOnlyMemory<byte> key) => throw new NotImplementedException();

    /// <inheritdoc />
    public IAsyncEnumerable<KeyValuePair<byte[], byte[]>> IterateAsync(Family family, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> from) =>
        throw new NotImplementedException();

    /// <inheritdoc />
    public ValueTask CommitAsync(WriteBatch batch, bool sync) => throw new NotImplementedException();

    /// <inheritdoc />
    public ValueTask CheckpointAsync(string directory) => throw new NotImplementedException();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
