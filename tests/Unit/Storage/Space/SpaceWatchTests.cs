using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Storage.Space;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Space;

public sealed class SpaceWatchTests : IAsyncLifetime
{
    private const long Size = 100L << 30;
    private const long Reserve = 100 << 20;

    private readonly ListLogger _log = new();
    private LedgerFixture _ledger = null!;

    private ChainStore Chain => _ledger.Chain;

    public async ValueTask InitializeAsync() => _ledger = await LedgerFixture.CreateAsync();

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public void Chain_pauses_below_the_reserve_and_goes_on_a_quarter_above_it()
    {
        var free = Reserve;
        var watch = new SpaceWatch(Chain, () => new DiskSpace(free, Size), Reserve, _log);
        watch.Check();
        Assert.Null(Chain.Pause);
        Assert.Equal(Reserve, watch.Free);

        Look(Reserve - 1);
        Assert.Equal("the disk has 99 MiB free, and 100 MiB are kept in reserve", Chain.Pause);
        Look(Reserve + (Reserve / 4) - 1);
        Assert.NotNull(Chain.Pause);
        Look(Reserve + (Reserve / 4));
        Assert.Null(Chain.Pause);
        Look(Reserve);
        Assert.Null(Chain.Pause);

        Assert.Equal(2, _log.Lines.Count);

        void Look(long bytes)
        {
            free = bytes;
            watch.Check();
        }
    }

    [Theory]
    [InlineData(Size, 256L << 20)]
    [InlineData(1L << 30, (1L << 30) / 20)]
    public void Reserve_that_is_not_given_is_a_twentieth_of_a_small_disk_and_256_MiB_of_others(long size, long reserve)
    {
        new SpaceWatch(Chain, () => new DiskSpace(reserve, size), null, _log).Check();
        Assert.Null(Chain.Pause);
        new SpaceWatch(Chain, () => new DiskSpace(reserve - 1, size), null, _log).Check();
        Assert.NotNull(Chain.Pause);
    }

    [Fact]
    public void Reserve_of_nothing_never_pauses()
    {
        new SpaceWatch(Chain, () => new DiskSpace(0, Size), reserve: 0, _log).Check();
        Assert.Null(Chain.Pause);
    }

    [Fact]
    public void Opening_needs_room_for_the_logs_once_more_and_says_how_much()
    {
        var needed = (8L << 20) + new DirectoryInfo(_ledger.DatabaseDirectory).EnumerateFiles("*.log").Sum(file => file.Length);
        new DiskSpace(needed, Size).RequireRoomToOpen(_ledger.DatabaseDirectory);
        var refused = Assert.Throws<StorageException>(() => new DiskSpace(needed - 1, Size).RequireRoomToOpen(_ledger.DatabaseDirectory));
        Assert.Equal(StorageFault.Failed, refused.Fault);
        Assert.Contains($"opening may write {needed}", refused.Message, StringComparison.Ordinal);
    }
}
