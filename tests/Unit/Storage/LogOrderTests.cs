using Kimura.Storage;
using Kimura.Storage.RocksDb.LogScan;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

/// <summary>Several logs, and records that a log of ours does not hold.</summary>
public sealed class LogOrderTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Random _random = new(11);
    private readonly ListLogger _logger = new();

    public LogOrderTests() => File.WriteAllText(_folder["CURRENT"], "MANIFEST-000001\n");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Older_log_that_ends_inside_a_record_is_refused_at_every_length()
    {
        var log = new LogWriter().Add(300, _random).Add(300, _random);
        var bytes = log.Bytes.ToArray();
        File.WriteAllBytes(_folder["000012.log"], bytes);
        for (var length = log.Records[^1].Start + 1; length < bytes.Length; length++)
        {
            File.WriteAllBytes(_folder["000009.log"], bytes[..length]);
            Assert.Contains("000009.log", Refused(), StringComparison.Ordinal);
            Assert.Equal(length, new FileInfo(_folder["000009.log"]).Length);
        }
    }

    [Fact]
    public void Older_log_with_an_open_chain_or_zeros_is_refused()
    {
        var log = new LogWriter().Add(300, _random).Add(40_000, _random);
        File.WriteAllBytes(_folder["000012.log"], log.Bytes.ToArray());
        File.WriteAllBytes(_folder["000009.log"], log.Bytes.ToArray()[..32_768]);
        Assert.Contains("000009.log", Refused(), StringComparison.Ordinal);
        File.WriteAllBytes(_folder["000009.log"], [.. log.Bytes, .. new byte[4096]]);
        Assert.Contains("000009.log", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Newest_log_is_the_one_with_the_highest_number()
    {
        var log = new LogWriter().Add(300, _random).Add(300, _random);
        File.WriteAllBytes(_folder["999999.log"], log.Bytes.ToArray());
        File.WriteAllBytes(_folder["1000000.log"], log.Bytes.ToArray()[..^1]);
        File.WriteAllBytes(_folder["LOG.old.log"], [1, 2, 3]);
        LogScanner.Run(_folder.Path, _logger);
        Assert.Equal(log.Records[0].End, new FileInfo(_folder["1000000.log"]).Length);
        Assert.Equal(3, new FileInfo(_folder["LOG.old.log"]).Length);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(1, 4)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    public void Parts_out_of_order_are_refused_though_each_verifies(byte type, byte next)
    {
        var log = new LogWriter().Add(300, _random);
        File.WriteAllBytes(_folder["000009.log"], [.. log.Bytes, .. LogWriter.Record(type, new byte[50]), .. LogWriter.Record(next, new byte[50])]);
        Refused();
    }

    [Theory]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(130)]
    [InlineData(255)]
    public void Remarks_of_newer_versions_are_tolerated(byte type)
    {
        var log = new LogWriter();
        log.Bytes.AddRange(LogWriter.Record(type, new byte[4]));
        log.Add(300, _random).Add(300, _random);
        File.WriteAllBytes(_folder["000009.log"], log.Bytes.ToArray()[..^1]);
        LogScanner.Run(_folder.Path, _logger);
        Assert.Equal(log.Records[0].End, new FileInfo(_folder["000009.log"]).Length);
    }

    [Theory]
    [InlineData(0, "type 0")]
    [InlineData(5, "recycling")]
    [InlineData(8, "recycling")]
    [InlineData(11, "type 11")]
    [InlineData(127, "type 127")]
    public void Types_that_nothing_of_ours_writes_are_refused_by_name(byte type, string word)
    {
        File.WriteAllBytes(_folder["000009.log"], LogWriter.Record(type, new byte[40]));
        Assert.Contains(word, Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Logs_without_a_database_are_refused()
    {
        File.Delete(_folder["CURRENT"]);
        File.WriteAllBytes(_folder["000009.log"], []);
        LogScanner.Run(_folder.Path, _logger);
        File.WriteAllBytes(_folder["000009.log"], new LogWriter().Add(300, _random).Bytes.ToArray());
        Assert.Contains("CURRENT", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Random_logs_cut_or_damaged_are_judged_as_they_were_made()
    {
        for (var round = 0; round < 150; round++)
        {
            var log = new LogWriter();
            for (var i = _random.Next(1, 8); i >= 0; i--)
                log.Add(_random.Next(3) == 0 ? _random.Next(80_000) : _random.Next(2000), _random);

            var bytes = log.Bytes.ToArray();
            var length = _random.Next(bytes.Length + 1);
            File.WriteAllBytes(_folder["000009.log"], bytes[..length]);
            LogScanner.Run(_folder.Path, _logger);
            var kept = log.Records.Where(record => record.End <= length).Select(record => record.End).LastOrDefault();
            Assert.Equal(kept, new FileInfo(_folder["000009.log"]).Length);

            var (start, end) = log.Records[_random.Next(log.Records.Count)];
            var place = _random.Next(start, end);
            bytes[place] ^= (byte)(1 << _random.Next(8));
            File.WriteAllBytes(_folder["000009.log"], bytes);
            if (!log.Filling.Contains(place))
                Refused();
        }
    }

    private string Refused()
    {
        var refusal = Assert.Throws<StorageException>(() => LogScanner.Run(_folder.Path, _logger));
        Assert.Equal(StorageFault.Corrupt, refusal.Fault);
        Assert.DoesNotContain('\n', refusal.Message);
        return refusal.Message;
    }
}
