using System.Buffers.Binary;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

/// <summary>The scan and RocksDB together, on logs that RocksDB wrote.</summary>
public sealed class RealLogTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private byte[] _log = [];
    private string _logName = "";
    private LogWriter _written = new();

    public async ValueTask InitializeAsync()
    {
        await using (var store = await Stores.OpenAsync(_folder["db"]))
        {
            foreach (var size in (int[])[300, 100_000, 40, 300])
                await store.CommitAsync(Stores.Put($"k{store.SyncCount}", new string('v', size), Family.Messages), sync: true);
        }

        var path = Assert.Single(Directory.GetFiles(_folder["db"], "*.log"));
        _logName = Path.GetFileName(path);
        _log = await File.ReadAllBytesAsync(path);
        _written = Rewrite(_log);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void Logs_have_the_shape_that_the_scans_own_tests_assume()
    {
        Assert.Equal(_log, _written.Bytes);
        Assert.Equal(4, _written.Records.Count);
    }

    [Fact]
    public async Task Log_cut_in_its_last_record_opens_with_all_before_it()
    {
        var (start, end) = _written.Records[^1];
        foreach (var length in (int[])[start, start + 1, start + 6, start + 7, start + 8, start + 19, (start + end) / 2, end - 1])
            Assert.Equal(["k0", "k1", "k2"], await OpenWithAsync(_log[..length]));

        for (var record = 0; record < 3; record++)
            Assert.Equal(record, (await OpenWithAsync(_log[..(_written.Records[record].End - 1)])).Count);

        Assert.Equal(4, (await OpenWithAsync(_log)).Count);
        Assert.Equal(3, (await OpenWithAsync([.. _log[..(end - 50)], .. new byte[9000]])).Count);
    }

    [Fact]
    public async Task Flipped_bits_are_refused_where_rocksdb_would_drop_synced_records()
    {
        foreach (var record in (int[])[1, 3])
        {
            for (var place = 0; place < 9; place++)
            {
                var damaged = _log.ToArray();
                damaged[_written.Records[record].Start + place] ^= 0x10;
                var refusal = await Assert.ThrowsAsync<StorageException>(() => OpenWithAsync(damaged));
                Assert.Equal(StorageFault.Corrupt, refusal.Fault);
                Assert.Contains($"{_logName} is damaged: the record at byte {_written.Records[record].Start} ", refusal.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Cut_off_write_is_said_and_writing_goes_on_after_it()
    {
        TempFolder.Copy(_folder["db"], _folder["copy"]);
        await File.WriteAllBytesAsync(Path.Combine(_folder["copy"], _logName), _log[..^100]);
        var logger = new ListLogger();
        await using (var store = await Kimura.Storage.RocksDb.RocksDbStore.OpenAsync(_folder["copy"], logger))
            await store.CommitAsync(Stores.Put("new", "v", Family.Messages), sync: true);

        var (level, text) = Assert.Single(logger.Lines);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains(_logName, text, StringComparison.Ordinal);
        await using var reopened = await Stores.OpenAsync(_folder["copy"]);
        Assert.Equal(["k0", "k1", "k2", "new"], await Stores.KeysAsync(reopened, Family.Messages));
    }

    [Fact]
    public async Task Older_log_that_is_missing_or_shorter_by_whole_records_is_refused()
    {
        await using (var store = await Stores.OpenAsync(_folder["several"]))
        {
            // One megabyte of grain state fills its buffer, and a new log begins; the first one lives on for the messages in it.
            for (var i = 0; i < 20; i++)
            {
                await store.CommitAsync(Stores.Put($"k{i}", "v", Family.Messages), sync: true);
                await store.CommitAsync(Stores.Put("state", new string('v', 300_000), Family.Grains), sync: true);
            }
        }

        var logs = Directory.GetFiles(_folder["several"], "*.log").Order().ToArray();
        Assert.True(logs.Length > 2);
        foreach (var log in logs[..^1])
        {
            var records = Rewrite(await File.ReadAllBytesAsync(log)).Records;
            foreach (var length in (int[])[-1, 0, records[^2].End])
            {
                TempFolder.Copy(_folder["several"], _folder["copy"]);
                var copy = Path.Combine(_folder["copy"], Path.GetFileName(log));
                if (length < 0)
                    File.Delete(copy);
                else
                    await File.WriteAllBytesAsync(copy, (await File.ReadAllBytesAsync(log))[..length]);

                var refusal = await Assert.ThrowsAsync<StorageException>(() => Stores.OpenAsync(_folder["copy"]));
                Assert.Equal(StorageFault.Corrupt, refusal.Fault);
                Assert.Contains("WAL", refusal.Message, StringComparison.Ordinal);
                Directory.Delete(_folder["copy"], recursive: true);
            }
        }

        await using var whole = await Stores.OpenAsync(_folder["several"]);
        Assert.Equal(20, (await Stores.KeysAsync(whole, Family.Messages)).Count);
    }

    private async Task<List<string>> OpenWithAsync(byte[] log)
    {
        TempFolder.Copy(_folder["db"], _folder["copy"]);
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(_folder["copy"], _logName), log);
            await using var store = await Stores.OpenAsync(_folder["copy"]);
            return await Stores.KeysAsync(store, Family.Messages);
        }
        finally
        {
            Directory.Delete(_folder["copy"], recursive: true);
        }
    }

    // The logical records of a log, taken apart and written again by the tests' own writer.
    private static LogWriter Rewrite(byte[] log)
    {
        var writer = new LogWriter();
        var payload = new List<byte>();
        for (var at = 0; at < log.Length;)
        {
            if (32_768 - (at % 32_768) is var left and < 7)
            {
                at += left;
                continue;
            }

            var length = BinaryPrimitives.ReadUInt16LittleEndian(log.AsSpan(at + 4));
            payload.AddRange(log[(at + 7)..(at + 7 + length)]);
            if (log[at + 6] is 1 or 4)
            {
                writer.Add(payload.ToArray());
                payload.Clear();
            }

            at += 7 + length;
        }

        return writer;
    }
}
