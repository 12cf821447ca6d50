using Kimura.Tests.Unit.Embedded.Grains;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>Grain timers.</summary>
public sealed class TimerTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_timer_ticks_at_its_due_time_and_then_each_period()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        await cluster.Client.GetGrain<ITimerGrain>(0).StartAsync("a", 3 * s_second, 2 * s_second, interleave: false, keepAlive: false);
        await cluster.AdvanceAsync(2.9 * s_second);
        Assert.Equal(0, cluster.Probe.Count("tick a"));
        await cluster.AdvanceAsync(0.1 * s_second);
        Assert.Equal(1, cluster.Probe.Count("tick a"));
        await cluster.AdvanceAsync(10 * s_second);
        Assert.Equal(6, cluster.Probe.Count("tick a"));
    }

    [Fact]
    public async Task A_timer_without_a_period_ticks_once_and_one_without_a_due_time_waits_for_a_change()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ITimerGrain grain = cluster.Client.GetGrain<ITimerGrain>(0);
        await grain.StartAsync("once", s_second, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        await grain.StartAsync("later", Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        await cluster.AdvanceAsync(20 * s_second);
        Assert.Equal(["tick once"], cluster.Probe.Notes);
        await grain.ChangeAsync("later", s_second, s_second);
        await cluster.AdvanceAsync(3 * s_second);
        Assert.Equal(3, cluster.Probe.Count("tick later"));
    }

    [Fact]
    public async Task The_period_counts_from_the_end_of_a_tick_and_no_two_ticks_run_at_once()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ITimerGrain grain = cluster.Client.GetGrain<ITimerGrain>(0);
        await grain.StartHoldingAsync("a", s_second, interleave: true, "gate");
        await cluster.AdvanceAsync(s_second);
        await cluster.AdvanceAsync(7.5 * s_second);
        Assert.Equal(1, cluster.Probe.Count("tick a"));
        cluster.Probe.Open("gate");
        await cluster.Probe.Seen("tock a");
        await cluster.AdvanceAsync(0.9 * s_second);
        Assert.Equal(1, cluster.Probe.Count("tick a"));
        await cluster.AdvanceAsync(0.1 * s_second);
        Assert.Equal(2, cluster.Probe.Count("tick a"));
    }

    [Fact]
    public async Task A_tick_waits_its_turn_behind_a_call_and_holds_up_the_next()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ITimerGrain grain = cluster.Client.GetGrain<ITimerGrain>(0);
        await grain.StartHoldingAsync("a", s_second, interleave: false, "tick");
        Task call = grain.HoldAsync("call");
        await cluster.Probe.Seen("enter call");
        await cluster.AdvanceAsync(5 * s_second);
        Assert.Equal(0, cluster.Probe.Count("tick a"));
        cluster.Probe.Open("call");
        await call;
        await cluster.Probe.Seen("tick a");
        Task next = grain.HoldAsync("call");
        await cluster.SettleAsync();
        Assert.Equal(1, cluster.Probe.Count("enter call"));
        cluster.Probe.Open("tick");
        await next;
    }

    [Fact]
    public async Task An_interleaving_tick_runs_beside_a_call()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ITimerGrain grain = cluster.Client.GetGrain<ITimerGrain>(0);
        await grain.StartAsync("a", s_second, s_second, interleave: true, keepAlive: false);
        Task call = grain.HoldAsync("call");
        await cluster.Probe.Seen("enter call");
        await cluster.AdvanceAsync(3 * s_second);
        Assert.Equal(3, cluster.Probe.Count("tick a"));
        cluster.Probe.Open("call");
        await call;
    }

    [Fact]
    public async Task A_change_during_a_tick_takes_effect_after_it()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        await cluster.Client.GetGrain<ITimerGrain>(0).StartChangingAsync("a", s_second, 5 * s_second);
        await cluster.AdvanceAsync(5.9 * s_second);
        Assert.Equal(1, cluster.Probe.Count("tick a"));
        await cluster.AdvanceAsync(0.1 * s_second);
        Assert.Equal(2, cluster.Probe.Count("tick a"));
    }

    [Fact]
    public async Task A_failing_tick_does_not_end_the_timer()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        await cluster.Client.GetGrain<ITimerGrain>(0).StartFailingAsync("a", s_second);
        await cluster.AdvanceAsync(3 * s_second);
        Assert.Equal(3, cluster.Probe.Count("tick a"));
    }

    [Fact]
    public async Task A_disposed_timer_ticks_no_more()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ITimerGrain grain = cluster.Client.GetGrain<ITimerGrain>(0);
        await grain.StartAsync("a", s_second, s_second, interleave: false, keepAlive: false);
        await cluster.AdvanceAsync(s_second);
        await grain.StopAsync("a");
        await grain.ChangeAsync("a", s_second, s_second);
        await cluster.AdvanceAsync(5 * s_second);
        Assert.Equal(1, cluster.Probe.Count("tick a"));
    }

    [Fact]
    public async Task Timers_end_with_their_activation()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ITimerGrain grain = cluster.Client.GetGrain<ITimerGrain>(0);
        await grain.StartAsync("a", s_second, s_second, interleave: false, keepAlive: false);
        await grain.EndAsync();
        await cluster.Probe.Seen("deactivated ApplicationRequested");
        await cluster.AdvanceAsync(5 * s_second);
        Assert.Equal(0, cluster.Probe.Count("tick a"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_ticks_that_keep_alive_count_as_use(bool keepAlive)
    {
        Assert.SkipWhen(ClusterHarness.NoCollection is not null, ClusterHarness.NoCollection ?? "");
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { CollectionAge = 10 * s_second });
        await cluster.Client.GetGrain<ITimerGrain>(0).StartAsync("a", s_second, s_second, interleave: false, keepAlive);
        await cluster.AdvanceAsync(60 * s_second);
        await cluster.SettleAsync();
        Assert.Equal(keepAlive ? 0 : 1, cluster.Probe.Count("deactivated ActivationIdle"));
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(4_294_967_295)]
    public async Task A_time_out_of_range_is_refused(long milliseconds)
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ITimerGrain grain = cluster.Client.GetGrain<ITimerGrain>(0);
        TimeSpan bad = TimeSpan.FromMilliseconds(milliseconds);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => grain.StartAsync("a", bad, s_second, interleave: false, keepAlive: false));
        await grain.StartAsync("a", s_second, s_second, interleave: false, keepAlive: false);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => grain.ChangeAsync("a", s_second, bad));
    }
}
