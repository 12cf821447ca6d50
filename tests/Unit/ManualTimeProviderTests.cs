using Xunit;

namespace Kimura.Tests.Unit;

public sealed class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_each_at_its_own()
    {
        DateTimeOffset start = _clock.GetUtcNow();
        using ITimer late = Timer("late", 3, null);
        using ITimer early = Timer("early", 1, 2);
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(["early+1", "late+3", "early+3"], _fired);
        Assert.Equal(start + TimeSpan.FromSeconds(4), _clock.GetUtcNow());
        Assert.Equal(start + TimeSpan.FromSeconds(5), _clock.NextDue);

        ITimer Timer(string name, int due, int? period) => _clock.CreateTimer(
            _ => _fired.Add($"{name}+{(_clock.GetUtcNow() - start).TotalSeconds}"),
            null,
            TimeSpan.FromSeconds(due),
            period is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void A_changed_timer_fires_at_its_new_time_and_a_disposed_one_never()
    {
        using ITimer changed = _clock.CreateTimer(_ => _fired.Add("changed"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        ITimer disposed = _clock.CreateTimer(_ => _fired.Add("disposed"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        Assert.True(changed.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan));
        disposed.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Empty(_fired);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["changed"], _fired);
        Assert.False(disposed.Change(TimeSpan.Zero, TimeSpan.Zero));
        Assert.Null(_clock.NextDue);
    }

    [Fact]
    public async Task A_delay_of_this_clock_ends_when_time_has_passed()
    {
        Task delay = Task.Delay(TimeSpan.FromSeconds(2), _clock, TestContext.Current.CancellationToken);
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(delay.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await delay;
        Assert.Equal(TimeSpan.FromSeconds(1), _clock.GetElapsedTime(0, TimeSpan.TicksPerSecond));
    }
}
