using Kimura.Grains.Leader;
using Xunit;

namespace Kimura.Tests.Unit.Grains;

public sealed class BlockCadenceTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Ticks_stay_on_the_grid_whatever_a_tick_costs()
    {
        var cadence = new BlockCadence(_time, TimeSpan.FromMilliseconds(100));
        var start = _time.GetUtcNow();
        var random = new Random(1);
        for (var tick = 1; tick <= 1_000; tick++)
        {
            _time.Advance(cadence.UntilNext());
            Assert.Equal(start + TimeSpan.FromMilliseconds(100 * tick), _time.GetUtcNow());
            _time.Advance(TimeSpan.FromMilliseconds(random.Next(100)));
        }
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(99, 1)]
    [InlineData(100, 100)]
    [InlineData(101, 99)]
    [InlineData(250, 50)]
    [InlineData(1_000_000_099, 1)]
    public void Missed_ticks_are_left_out(long late, long due)
    {
        var cadence = new BlockCadence(_time, TimeSpan.FromMilliseconds(100));

        _time.Advance(TimeSpan.FromMilliseconds(late));

        Assert.Equal(TimeSpan.FromMilliseconds(due), cadence.UntilNext());
    }

    [Fact]
    public void A_tick_that_comes_too_early_is_not_repeated()
    {
        var cadence = new BlockCadence(_time, TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.FromMilliseconds(100), cadence.UntilNext());

        _time.Advance(TimeSpan.FromMilliseconds(99));

        Assert.Equal(TimeSpan.FromMilliseconds(101), cadence.UntilNext());
    }

    [Fact]
    public void A_due_time_is_whole_milliseconds_and_never_before_the_tick()
    {
        var interval = TimeSpan.FromMicroseconds(33_333);
        var cadence = new BlockCadence(_time, interval);
        var start = _time.GetUtcNow();
        for (var tick = 1; tick <= 100; tick++)
        {
            var due = cadence.UntilNext();
            Assert.Equal(0, due.Ticks % TimeSpan.TicksPerMillisecond);
            _time.Advance(due);
            var late = _time.GetUtcNow() - start - (interval * tick);
            Assert.InRange(late, TimeSpan.Zero, TimeSpan.FromMilliseconds(1) - TimeSpan.FromTicks(1));
        }
    }
}
