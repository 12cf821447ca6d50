using System.Text;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.RocksDb;

/// <summary>Owns the native option objects of one open store.</summary>
internal sealed unsafe class RocksOptions : IDisposable
{
    private const string Database =
        "create_if_missing=true;create_missing_column_families=true;" +
        "paranoid_checks=true;" +
        // The log scan relies on these: no old bytes in a new log, each write in the file when the call returns, nothing dropped in silence.
        "wal_recovery_mode=kAbsoluteConsistency;recycle_log_file_num=0;manual_wal_flush=false;" +
        // What the scan cannot see: an older log that is missing, or shorter by whole records. Without it 7.8.3 opens over the gap.
        "track_and_verify_wals_in_manifest=true;" +
        "max_total_wal_size=268435456;db_write_buffer_size=201326592;" +
        "max_background_jobs=2;max_subcompactions=1;max_open_files=512;bytes_per_sync=1048576;" +
        "info_log_level=WARN_LEVEL;max_log_file_size=1048576;keep_log_file_num=4;stats_dump_period_sec=0;stats_persist_period_sec=0";

    // Ids, hashes, keys and signatures do not compress, and contents may not either.
    private const string Common = ";compression=kNoCompression;level_compaction_dynamic_level_bytes=true;max_write_buffer_number=3";

    private const int BlockCacheBytes = 128 * 1024 * 1024;
    private readonly List<nint> _options = [];
    private readonly nint _cache;
    private bool _disposed;

    internal RocksOptions()
    {
        _cache = RocksNative.CreateLruCache(BlockCacheBytes);
        Write = RocksNative.CreateWriteOptions();
        WriteSynced = RocksNative.CreateWriteOptions();
        RocksNative.SetSync(WriteSynced, 1);
        Read = RocksNative.CreateReadOptions();
        RocksNative.SetVerifyChecksums(Read, 1);
        Scan = RocksNative.CreateReadOptions();
        RocksNative.SetVerifyChecksums(Scan, 1);
        RocksNative.SetFillCache(Scan, 0);
    }

    /// <summary>For commits without sync.</summary>
    internal nint Write { get; }

    /// <summary>For commits that end on disk.</summary>
    internal nint WriteSynced { get; }

    /// <summary>For point reads.</summary>
    internal nint Read { get; }

    /// <summary>For iterations, which must not sweep the cache.</summary>
    internal nint Scan { get; }

    /// <summary>Options of the database itself; also right for the empty default family.</summary>
    internal nint ForDatabase() => Create(writeBufferMiB: 1, blockBytes: 4096, bloom: false);

    /// <summary>Options of one column family, by what it holds.</summary>
    internal nint ForFamily(Family family) => family switch
    {
        // A block of 10,000 messages is 640 KiB, read whole: no filter, no small pages.
        Family.Blocks => Create(writeBufferMiB: 32, blockBytes: 16384, bloom: false),
        Family.Messages => Create(writeBufferMiB: 64, blockBytes: 4096, bloom: true),
        Family.Metadata => Create(writeBufferMiB: 16, blockBytes: 4096, bloom: true),
        Family.Pending => Create(writeBufferMiB: 32, blockBytes: 4096, bloom: true),
        Family.Grains => Create(writeBufferMiB: 1, blockBytes: 4096, bloom: true),
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "no such family"),
    };

    /// <inheritdoc />
    public void Dispose()
    {
        if (_disposed)
            return;

        _disposed = true;
        _options.ForEach(RocksNative.DestroyOptions);
        RocksNative.DestroyWriteOptions(Write);
        RocksNative.DestroyWriteOptions(WriteSynced);
        RocksNative.DestroyReadOptions(Read);
        RocksNative.DestroyReadOptions(Scan);
        RocksNative.DestroyCache(_cache);
    }

    private nint Create(int writeBufferMiB, int blockBytes, bool bloom)
    {
        var options = RocksNative.CreateOptions();
        _options.Add(options);
        var plain = RocksNative.CreateOptions();
        byte* error = null;
        fixed (byte* text = Encoding.UTF8.GetBytes($"{Database}{Common};write_buffer_size={writeBufferMiB}M\0"))
            RocksNative.OptionsFromString(plain, text, options, &error);

        RocksNative.DestroyOptions(plain);
        if (RocksError.Take(error) is { } problem)
            throw new StorageException(StorageFault.Failed, $"this librocksdb does not take the options in use: {problem}");

        var table = RocksNative.CreateTableOptions();
        RocksNative.SetBlockCache(table, _cache);
        RocksNative.SetBlockSize(table, (nuint)blockBytes);
        // In the cache, so that the memory for them is bounded however long the chain grows.
        RocksNative.SetCacheIndexAndFilterBlocks(table, 1);
        RocksNative.SetPinL0FilterAndIndexBlocks(table, 1);
        if (bloom)
            RocksNative.SetFilterPolicy(table, RocksNative.CreateBloomFilter(10));

        RocksNative.SetTableFactory(options, table);
        RocksNative.DestroyTableOptions(table);
        return options;
    }
}
