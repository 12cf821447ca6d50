using Kimura.Tests.Unit.Embedded.Grains;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>One turn at a time, and who may interleave.</summary>
public sealed class TurnTests
{
    [Fact]
    public async Task Calls_of_a_grain_run_one_after_the_other_in_order_of_arrival()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task first = grain.HoldAsync("1");
        await cluster.Probe.Seen("enter 1");
        Task second = grain.HoldAsync("2");
        await cluster.SettleAsync();
        Assert.Equal(0, cluster.Probe.Count("enter 2"));
        cluster.Probe.Open("2");
        cluster.Probe.Open("1");
        await Task.WhenAll(first, second);
        Assert.Equal(["activate 0", "enter 1", "leave 1", "enter 2", "leave 2"], cluster.Probe.Notes);
    }

    [Fact]
    public async Task Calls_of_a_reentrant_grain_interleave_at_awaits()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IReentrantGrain grain = cluster.Client.GetGrain<IReentrantGrain>(0);
        Task first = grain.HoldAsync("1");
        Task second = grain.HoldAsync("2");
        await cluster.Probe.Seen("enter 2");
        cluster.Probe.Open("2");
        await second;
        Assert.False(first.IsCompleted);
        cluster.Probe.Open("1");
        await first;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_two_turns_of_a_grain_run_at_once(bool reentrant)
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IHoldGrain grain = reentrant ? cluster.Client.GetGrain<IReentrantGrain>(0) : cluster.Client.GetGrain<IWorkGrain>(0);
        Task<bool>[] calls = [.. Enumerable.Range(0, 16).Select(_ => Task.Run(() => grain.SpinTurnsAsync(200)))];
        Assert.All(await Task.WhenAll(calls), Assert.True);
    }

    [Fact]
    public async Task Only_a_grain_that_is_not_reentrant_keeps_a_read_and_write_together()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain ordered = cluster.Client.GetGrain<IWorkGrain>(0);
        IReentrantGrain reentrant = cluster.Client.GetGrain<IReentrantGrain>(0);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ordered.AddSlowlyAsync()));
        Assert.Equal(100, await ordered.PeekAsync());

        // The calls meet behind the gate, however late each of them comes.
        Task[] calls = [.. Enumerable.Range(0, 100).Select(_ => reentrant.AddBehindAsync("gate"))];
        await cluster.Probe.Seen("enter gate", 100);
        cluster.Probe.Open("gate");
        await Task.WhenAll(calls);
        Assert.Equal(1, await reentrant.PeekAsync());
    }

    [Fact]
    public async Task A_method_that_always_interleaves_runs_beside_a_call_in_progress()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task holding = grain.HoldAsync("gate");
        Task waiting = grain.HoldAsync("gate");
        await cluster.Probe.Seen("enter gate");
        Assert.Equal(0, await grain.PeekAsync());
        Assert.Equal(1, cluster.Probe.Count("enter gate"));
        cluster.Probe.Open("gate");
        await Task.WhenAll(holding, waiting);
    }

    [Fact]
    public async Task Read_only_methods_interleave_with_each_other_only()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task[] readers = [grain.HoldReadOnlyAsync("read"), grain.HoldReadOnlyAsync("read")];
        await cluster.Probe.Seen("enter read", 2);
        Task writer = grain.HoldAsync("write");
        await cluster.SettleAsync();
        Assert.Equal(0, cluster.Probe.Count("enter write"));
        cluster.Probe.Open("read");
        await Task.WhenAll(readers);
        await cluster.Probe.Seen("enter write");
        Task late = grain.HoldReadOnlyAsync("late");
        await cluster.SettleAsync();
        Assert.Equal(0, cluster.Probe.Count("enter late"));
        cluster.Probe.Open("write");
        cluster.Probe.Open("late");
        await Task.WhenAll(writer, late);
    }
}
