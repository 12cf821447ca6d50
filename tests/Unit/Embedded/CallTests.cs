using Kimura.Tests.Unit.Embedded.Grains;
using Orleans;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>Calls, answers, failures, time limits and cancellation.</summary>
public sealed class CallTests
{
    [Fact]
    public async Task A_grain_is_activated_by_its_first_call_and_stays()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(7);
        await cluster.SettleAsync();
        Assert.Empty(cluster.Probe.Notes);
        int first = await grain.ActivationAsync();
        Assert.Equal(first, await cluster.Client.GetGrain<IWorkGrain>(7).ActivationAsync());
        Assert.NotEqual(first, await cluster.Client.GetGrain<IWorkGrain>(8).ActivationAsync());
        Assert.Equal(1, cluster.Probe.Count("activate 7"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public async Task Integer_keys_reach_the_grain(long key)
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(key);
        Assert.Equal(key, await grain.KeyAsync());
        Assert.Equal(key, grain.GetPrimaryKeyLong());
        Assert.Equal($"work/{key:X}", grain.GetGrainId().ToString());
    }

    [Theory]
    [InlineData("Silo_0")]
    [InlineData("a/b+c")]
    [InlineData("schlüssel")]
    public async Task String_keys_reach_the_grain(string key)
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Services = FragileTests.Solid });
        IFragileGrain grain = cluster.Client.GetGrain<IFragileGrain>(key);
        Assert.Equal(key, await grain.KeyAsync());
        Assert.Equal(key, grain.GetPrimaryKeyString());
    }

    [Fact]
    public async Task Value_tasks_are_answered_too()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Assert.Equal(42, await grain.DoubleAsync(21));
        await grain.NothingAsync();
    }

    [Fact]
    public async Task Grains_call_grains()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        int activation = await cluster.Client.GetGrain<IWorkGrain>(1).ActivationOfAsync(2);
        Assert.Equal(activation, await cluster.Client.GetGrain<IWorkGrain>(2).ActivationAsync());
    }

    [Fact]
    public async Task A_grain_calls_many_grains_at_once()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 2 });
        Assert.Equal(Enumerable.Range(100, 50).Sum(), await cluster.Client.GetGrain<IWorkGrain>(1).FanOutAsync(50));
    }

    [Fact]
    public async Task Exceptions_of_the_grain_reach_the_caller_with_their_type()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        int activation = await grain.ActivationAsync();
        // Of the framework's own types it is the message alone that crosses, on Orleans.
        Assert.Equal("no such thing (Parameter 'kind')", (await Assert.ThrowsAsync<ArgumentException>(() => grain.FailAsync("argument"))).Message);
        Assert.Equal(42, (await Assert.ThrowsAsync<CustomException>(() => grain.FailAsync("custom"))).Number);
        await Assert.ThrowsAsync<OperationCanceledException>(() => grain.FailAsync("canceled"));
        Assert.Equal(activation, await grain.ActivationAsync());
    }

    [Fact]
    public async Task A_call_without_an_answer_fails_at_the_response_timeout_and_the_grain_goes_on()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { ResponseTimeout = TimeSpan.FromSeconds(10) });
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task running = grain.HoldAsync("gate");
        await cluster.Probe.Seen("enter gate");
        Task<long> waiting = grain.KeyAsync();
        await cluster.WaitAsync(TimeSpan.FromSeconds(6));
        Assert.False(running.IsCompleted || waiting.IsCompleted);
        await cluster.WaitAsync(TimeSpan.FromSeconds(6));
        await Assert.ThrowsAsync<TimeoutException>(() => running);
        await Assert.ThrowsAsync<TimeoutException>(() => waiting);
        Task<long> next = grain.KeyAsync();
        cluster.Probe.Open("gate");
        Assert.Equal(0, await next);
        Assert.Equal(1, cluster.Probe.Count("leave gate"));
    }

    [Fact]
    public async Task A_grain_that_waits_for_itself_fails_at_the_response_timeout()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { ResponseTimeout = TimeSpan.FromSeconds(5) });
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task call = grain.CallSelfAsync();
        await cluster.WaitAsync(TimeSpan.FromSeconds(7));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        await cluster.SettleAsync();
        Assert.Equal(0, await grain.KeyAsync());
    }

    [Fact]
    public async Task A_canceled_call_ends_for_the_caller_and_the_grain_is_told_in_a_turn()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        using CancellationTokenSource source = new();
        Task call = grain.WaitForCancellationAsync(source.Token);
        await cluster.Probe.Seen("waiting");
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await cluster.Probe.Seen("canceled in turn");
        Assert.Equal(0, await grain.KeyAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => grain.WaitForCancellationAsync(source.Token));
        Assert.Equal(1, cluster.Probe.Count("waiting"));
    }

    [Fact]
    public async Task A_call_canceled_while_it_waits_never_runs()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task running = grain.HoldAsync("gate");
        await cluster.Probe.Seen("enter gate");
        using CancellationTokenSource source = new();
        Task waiting = grain.WaitForCancellationAsync(source.Token);

        // It has come and waits; and on Orleans the caller is told of its end before the silo is.
        await cluster.SettleAsync();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await cluster.SettleAsync();
        cluster.Probe.Open("gate");
        await running;
        Assert.Equal(0, await grain.KeyAsync());
        Assert.Equal(0, cluster.Probe.Count("waiting"));
    }

    [Fact]
    public async Task Awaits_resume_on_the_grains_scheduler()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        Task<bool> call = cluster.Client.GetGrain<IWorkGrain>(0).ResumesOnItsSchedulerAsync("gate");
        await cluster.Probe.Seen("enter gate");
        cluster.Probe.Open("gate");
        Assert.True(await call);
    }

    [Fact]
    public async Task The_callers_ambient_values_stay_with_the_caller()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        WorkGrain.Ambient.Value = "mine";
        Assert.Null(await cluster.Client.GetGrain<IWorkGrain>(0).AmbientAsync());
        Assert.Equal("mine", WorkGrain.Ambient.Value);
    }

    [Fact]
    public async Task References_are_equal_when_they_name_the_same_grain_and_interface()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(1);
        Assert.Equal(grain, cluster.FactoryOf("Silo_0").GetGrain<IWorkGrain>(1));
        Assert.NotEqual(grain, cluster.Client.GetGrain<IWorkGrain>(2));
        Assert.Equal(grain.GetGrainId(), grain.AsReference<IHoldGrain>().GetGrainId());
        Assert.Equal(0, await grain.AsReference<IHoldGrain>().PeekAsync());
    }

    [Fact]
    public void What_is_no_grain_has_no_id() => Assert.ThrowsAny<ArgumentException>(() => ((IAddressable)new Impostor()).GetGrainId());

    private sealed class Impostor : IAddressable
    {
    }
}
