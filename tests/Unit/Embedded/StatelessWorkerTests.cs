using Kimura.Tests.Unit.Embedded.Grains;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>Stateless workers.</summary>
public sealed class StatelessWorkerTests
{
    [Fact]
    public async Task Calls_go_to_an_idle_worker_or_a_new_one_up_to_the_limit_and_then_wait()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkerGrain grain = cluster.Client.GetGrain<IWorkerGrain>(0);
        Task<int>[] calls = [grain.HoldAsync("gate"), grain.HoldAsync("gate"), grain.HoldAsync("gate"), grain.HoldAsync("gate")];
        await cluster.Probe.Seen("enter gate", 2);
        await cluster.SettleAsync();
        Assert.Equal(2, cluster.Probe.Count("enter gate"));
        cluster.Probe.Open("gate");
        Assert.Equal(2, (await Task.WhenAll(calls)).Distinct().Count());
        int[] idle = [await grain.HoldAsync("gate"), await grain.HoldAsync("gate"), await grain.HoldAsync("gate")];
        Assert.Single(idle.Distinct());
    }

    // Both workers end with calls behind them. A call that meets more workers that end than these two, Orleans may refuse.
    [Fact]
    public async Task A_worker_that_ends_is_replaced_and_loses_no_call()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkerGrain grain = cluster.Client.GetGrain<IWorkerGrain>(0);
        Task<int>[] before = [grain.HoldAsync("busy"), grain.HoldAsync("busy")];
        await cluster.Probe.Seen("enter busy", 2);
        Task[] ends = [grain.EndAsync(), grain.EndAsync()];
        await cluster.SettleAsync();
        Task<int>[] after = [.. Enumerable.Range(0, 100).Select(_ => grain.HoldAsync("gate"))];
        await cluster.SettleAsync();
        cluster.Probe.Open("gate");
        cluster.Probe.Open("busy");
        await Task.WhenAll(ends);
        int[] ended = await Task.WhenAll(before);
        Assert.All(await Task.WhenAll(after), worker => Assert.DoesNotContain(worker, ended));
        Assert.Equal(100, cluster.Probe.Count("enter gate"));
    }

    [Fact]
    public async Task Each_silo_has_workers_of_its_own_for_calls_that_start_there()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 3 });
        foreach (string silo in cluster.Silos)
        {
            Assert.Equal(silo, await cluster.FactoryOf(silo).GetGrain<IWorkerGrain>(0).SiloAsync());
        }

        await cluster.Client.GetGrain<IWorkerGrain>(0).SiloAsync();
    }
}
