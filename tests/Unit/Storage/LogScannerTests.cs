using Kimura.Storage;
using Kimura.Storage.RocksDb.LogScan;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

/// <summary>What the scan cuts and what it refuses, on logs of the format's shape. See <see cref="RealLogTests"/> for real ones.</summary>
public sealed class LogScannerTests : IDisposable
{
    private const int Block = 32_768;
    private readonly TempFolder _folder = new();
    private readonly Random _random = new(7);
    private readonly ListLogger _logger = new();

    public LogScannerTests() => File.WriteAllText(_folder["CURRENT"], "MANIFEST-000001\n");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Checksum_is_crc32c()
    {
        Assert.Equal(0xe3069283, LogRecord.Checksum("123456789"u8));
        for (var length = 0; length < 40; length++)
        {
            var bytes = new byte[length];
            _random.NextBytes(bytes);
            Assert.Equal(LogWriter.Crc32C(bytes), LogRecord.Checksum(bytes));
        }
    }

    [Fact]
    public void Whole_logs_of_any_shape_are_left_alone()
    {
        var log = new LogWriter();
        int[] sizes = [12, 300, 12, 70_000, 1, 200_000, 32_761, 32_700, 100];
        foreach (var size in sizes)
            log.Add(size, _random);

        // Every way a record can end near a block's end, filling included.
        for (var end = Block - 20; end < Block + 20; end++)
            log.Add((end - log.Bytes.Count % Block + 2 * Block) % Block, _random);

        Scan(log.Bytes.ToArray());
        Assert.Empty(_logger.Lines);
    }

    [Fact]
    public void Empty_and_absent_logs_are_fine()
    {
        LogScanner.Run(_folder.Path, _logger);
        Scan([]);
        Assert.Empty(_logger.Lines);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(40_000)]
    [InlineData(100_000)]
    public void Newest_log_cut_anywhere_in_its_last_record_loses_that_record_alone(int size)
    {
        var log = new LogWriter().Add(500, _random).Add(31_000, _random).Add(size, _random);
        var bytes = log.Bytes.ToArray();
        var (start, end) = log.Records[^1];
        for (var length = start + 1; length < end; length += size < 1000 ? 1 : _random.Next(1, 700))
            Assert.Equal(log.Records[^2].End, Scan(bytes[..length]));

        Assert.All(_logger.Lines, line => Assert.Equal(LogLevel.Warning, line.Level));
        Assert.NotEmpty(_logger.Lines);
    }

    [Fact]
    public void What_was_cut_is_logged_with_its_bytes_and_file()
    {
        var log = new LogWriter().Add(500, _random).Add(500, _random);
        Scan(log.Bytes.ToArray()[..^10]);
        var (level, text) = Assert.Single(_logger.Lines);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("497 bytes", text, StringComparison.Ordinal);
        Assert.Contains("000009.log", text, StringComparison.Ordinal);
        Scan(File.ReadAllBytes(_folder["000009.log"]));
        Assert.Single(_logger.Lines);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_flipped_bit_of_any_record_is_refused_with_file_and_place(int record)
    {
        var log = new LogWriter().Add(300, _random).Add(20, _random).Add(40_000, _random).Add(300, _random);
        var bytes = log.Bytes.ToArray();
        var (start, end) = log.Records[record];
        var headers = end - start > Block ? new[] { start, Block } : [start];
        var places = headers.SelectMany(header => Enumerable.Range(header, 7)).ToHashSet();
        for (var i = 0; i < 60; i++)
            places.Add(_random.Next(start, end));

        foreach (var place in places.Order())
        {
            for (var bit = 0; bit < 8; bit++)
            {
                bytes[place] ^= (byte)(1 << bit);
                var refusal = Refused(bytes);
                Assert.True(refusal.Contains(_folder["000009.log"], StringComparison.Ordinal), refusal);
                Assert.True(refusal.Contains($"byte {(place >= Block && headers.Length > 1 ? Block : start)} ", StringComparison.Ordinal), refusal);
                bytes[place] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void Any_length_written_into_the_last_record_is_refused()
    {
        var log = new LogWriter().Add(300, _random).Add(300, _random);
        var bytes = log.Bytes.ToArray();
        var place = log.Records[^1].Start + 4;
        for (var length = 0; length < ushort.MaxValue; length += 31)
        {
            if (length == 300)
                continue;

            BitConverter.TryWriteBytes(bytes.AsSpan(place), (ushort)length);
            Refused(bytes);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(4096)]
    [InlineData(100_000)]
    public void Zeros_after_the_last_record_are_cut(int zeros)
    {
        var log = new LogWriter().Add(300, _random).Add(3000, _random);
        Assert.Equal(log.Bytes.Count, Scan([.. log.Bytes, .. new byte[zeros]]));
    }

    [Theory]
    [InlineData(300)]
    [InlineData(10_000)]
    [InlineData(150_000)]
    public void Last_record_whose_end_reached_no_disk_is_cut(int size)
    {
        var log = new LogWriter().Add(3000, _random).Add(size, _random);
        var bytes = log.Bytes.ToArray();
        var (start, end) = log.Records[^1];
        for (var from = (start / 4096 * 4096) + 4096; from < end; from += 4096)
        {
            var torn = bytes.ToArray();
            torn.AsSpan(from).Clear();
            Assert.Equal(start, Scan(torn));
        }
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(150_000)]
    public void Last_record_with_a_page_that_reached_no_disk_is_cut(int size)
    {
        var log = new LogWriter().Add(3000, _random).Add(size, _random);
        var bytes = log.Bytes.ToArray();
        var (start, end) = log.Records[^1];
        for (var page = start / 4096 * 4096; page < end; page += 4096)
        {
            var from = Math.Max(page, start);
            var to = Math.Min(page + 4096, end);
            if (to - from < 8)
                continue;

            var torn = bytes.ToArray();
            torn.AsSpan(from..to).Clear();
            Assert.Equal(start, Scan(torn));
        }
    }

    [Fact]
    public void Page_of_zeros_before_a_whole_record_is_refused()
    {
        var log = new LogWriter().Add(3000, _random).Add(100_000, _random).Add(50, _random);
        var (start, end) = log.Records[1];
        for (var page = (start / 4096 * 4096) + 4096; page + 4096 < end; page += 4096)
        {
            var bytes = log.Bytes.ToArray();
            bytes.AsSpan(page, 4096).Clear();
            Assert.Contains("whole records follow", Refused(bytes), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Flipped_bits_in_a_last_record_full_of_zeros_are_no_unwritten_page()
    {
        var log = new LogWriter().Add(300, _random).Add(20_000, _random, new byte[19_000]);
        var (start, end) = log.Records[^1];
        var bytes = log.Bytes.ToArray();
        foreach (var place in (int[])[start, start + 3, start + 4, start + 5, start + 6, start + 7, start + 500, start + 5000, end - 1])
        {
            for (var bit = 0; bit < 8; bit++)
            {
                bytes[place] ^= (byte)(1 << bit);
                Refused(bytes);
                bytes[place] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void Garbage_of_more_than_a_bit_in_the_last_record_is_refused()
    {
        var log = new LogWriter().Add(300, _random).Add(9000, _random);
        var bytes = log.Bytes.ToArray();
        _random.NextBytes(bytes.AsSpan(log.Records[^1].Start + 4000, 50));
        Assert.Contains("checksum", Refused(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Record_whose_header_is_lost_before_whole_ones_is_refused()
    {
        // Checksum and length changed together, so that the length runs past the file's end and no repair is found.
        var log = new LogWriter().Add(300, _random).Add(300, _random).Add(300, _random);
        var bytes = log.Bytes.ToArray();
        var start = log.Records[1].Start;
        bytes[start] ^= 0x55;
        bytes[start + 5] ^= 0x40;
        Assert.Contains("whole records follow", Refused(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Senders_content_that_looks_like_a_log_does_not_turn_a_cut_off_write_into_damage()
    {
        byte[] batch = [.. BitConverter.GetBytes(0x0123456789UL), .. BitConverter.GetBytes(1), .. new byte[50]];
        var log = new LogWriter().Add(300, _random).Add(5000, _random, [.. LogWriter.Record(1, batch), .. new byte[100]]);
        Assert.Equal(log.Records[0].End, Scan(log.Bytes.ToArray()[..^20]));
    }

    private long Scan(byte[] log, string name = "000009.log")
    {
        File.WriteAllBytes(_folder[name], log);
        LogScanner.Run(_folder.Path, _logger);
        return new FileInfo(_folder[name]).Length;
    }

    private string Refused(byte[] log)
    {
        var refusal = Assert.Throws<StorageException>(() => Scan(log));
        Assert.Equal(StorageFault.Corrupt, refusal.Fault);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Equal(log.Length, new FileInfo(_folder["000009.log"]).Length);
        return refusal.Message;
    }
}
