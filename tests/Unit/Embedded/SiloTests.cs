using Kimura.Tests.Unit.Embedded.Grains;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>Placement, and silos that stop, die and come back.</summary>
public sealed class SiloTests
{
    [Fact]
    public async Task Grains_spread_over_the_silos_and_each_is_active_once()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 3 });
        string[] places = await Task.WhenAll(Enumerable.Range(0, 60).Select(key => cluster.Client.GetGrain<IWorkGrain>(key).SiloAsync()));
        Assert.Equal(3, places.Distinct().Count());
        for (int key = 0; key < 60; key++)
        {
            foreach (string silo in cluster.Silos)
            {
                Assert.Equal(places[key], await cluster.FactoryOf(silo).GetGrain<IWorkGrain>(key).SiloAsync());
            }
        }
    }

    [Fact]
    public async Task A_filter_keeps_a_grain_on_the_silos_that_it_chooses()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 3, Leaders = ["Silo_1", "Silo_2"] });
        Assert.Equal("Silo_1", await cluster.Client.GetGrain<ILeadGrain>(0).SiloAsync());
        foreach (string silo in cluster.Silos)
        {
            Assert.Equal(silo, await cluster.Client.GetGrain<IOwnGrain>(silo).SiloAsync());
        }
    }

    [Fact]
    public async Task A_grain_that_no_silo_may_hold_is_refused()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 2 });
        OrleansException refusal = await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.Client.GetGrain<ILeadGrain>(0).SiloAsync());
        Assert.StartsWith("No active nodes are compatible with grain", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopping_silo_deactivates_its_grains_and_then_takes_no_calls()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        await cluster.Client.GetGrain<IWorkGrain>(1).KeyAsync();
        await cluster.Client.GetGrain<IWorkGrain>(2).KeyAsync();
        await cluster.StopSiloAsync("Silo_0");
        Assert.Equal(1, cluster.Probe.Count("deactivating 1 ShuttingDown"));
        Assert.Equal(1, cluster.Probe.Count("deactivated 1"));
        Assert.Equal(1, cluster.Probe.Count("deactivated 2"));
        OrleansException refusal = await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.Client.GetGrain<IWorkGrain>(1).KeyAsync());

        // Orleans' takes its services along, and its client may not even be connected any more.
        if (ClusterHarness.StopsAtOnce)
        {
            Assert.IsType<OrleansMessageRejectionException>(refusal, exactMatch: false);
            await Assert.ThrowsAsync<SiloUnavailableException>(() => cluster.FactoryOf("Silo_0").GetGrain<IWorkGrain>(1).KeyAsync());
        }
    }

    [Fact]
    public async Task A_stopping_silo_lets_calls_in_progress_end()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        Task call = cluster.Client.GetGrain<IWorkGrain>(1).HoldAsync("gate");
        await cluster.Probe.Seen("enter gate");
        Task stop = cluster.StopSiloAsync("Silo_0");
        await cluster.SettleAsync();
        Assert.False(stop.IsCompleted);
        cluster.Probe.Open("gate");
        await call;
        await stop;
        Assert.Equal("deactivated 1", cluster.Probe.Notes[^1]);
    }

    [Fact]
    public async Task A_silo_does_not_wait_for_ever_for_its_grains_to_end()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { ResponseTimeout = TimeSpan.FromSeconds(40) });
        Task call = cluster.Client.GetGrain<IWorkGrain>(1).HoldAsync("gate");
        await cluster.Probe.Seen("enter gate");
        Task stop = cluster.StopSiloAsync("Silo_0");
        await cluster.WaitAsync(TimeSpan.FromSeconds(31));
        await stop;

        // The caller is told at once; on Orleans by its own limit.
        if (ClusterHarness.StopsAtOnce)
        {
            await Assert.ThrowsAsync<SiloUnavailableException>(() => call);
        }
        else
        {
            await Assert.ThrowsAsync<TimeoutException>(() => call);
        }
    }

    [Fact]
    public async Task Grains_of_a_stopped_silo_come_up_on_a_survivor_without_losing_a_call()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 2, Leaders = ["Silo_0", "Silo_1"] });
        ILeadGrain grain = cluster.FactoryOf("Silo_1").GetGrain<ILeadGrain>(0);
        Assert.Equal("Silo_0", await grain.SiloAsync());
        Task holding = grain.HoldAsync("gate");
        await cluster.Probe.Seen("enter gate");
        Task stop = cluster.StopSiloAsync("Silo_0");
        Task<string> waiting = grain.SiloAsync();
        cluster.Probe.Open("gate");
        await holding;
        string[] places = ClusterHarness.StopsAtOnce ? ["Silo_1"] : ["Silo_0", "Silo_1"];
        Assert.Contains(await waiting, places);
        await stop;
        Assert.Equal("Silo_1", await grain.SiloAsync());
        Assert.Equal(["Silo_1"], cluster.Silos);
    }

    [Fact]
    public async Task Calls_at_a_killed_silo_fail_and_its_grains_come_up_on_a_survivor()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 2, Leaders = ["Silo_0", "Silo_1"] });
        ILeadGrain grain = cluster.FactoryOf("Silo_1").GetGrain<ILeadGrain>(0);
        Task running = grain.HoldAsync("gate");
        Task waiting = grain.HoldAsync("gate");
        await cluster.Probe.Seen("enter gate");
        await cluster.SettleAsync();
        await cluster.KillSiloAsync("Silo_0");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => running);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => waiting);
        Assert.Equal("Silo_1", await grain.SiloAsync());
        cluster.Probe.Open("gate");
        await cluster.SettleAsync();
        Assert.Equal(ClusterHarness.KillsCode ? 0 : 1, cluster.Probe.Count("leave gate"));
    }

    [Fact]
    public async Task A_killed_silo_runs_no_timer_and_no_deactivation()
    {
        Assert.SkipUnless(ClusterHarness.KillsCode, "Orleans' test cluster does not end a killed silo's code");
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        await cluster.Client.GetGrain<ITimerGrain>(0).StartAsync(
            "a", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), interleave: false, keepAlive: false);
        await cluster.KillSiloAsync("Silo_0");
        await cluster.AdvanceAsync(TimeSpan.FromSeconds(10));
        await cluster.SettleAsync();
        Assert.Empty(cluster.Probe.Notes);
    }

    [Fact]
    public async Task A_silo_comes_back_under_its_name_as_the_youngest()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 2, Leaders = ["Silo_0", "Silo_1"] });
        Assert.Equal("Silo_0", await AskAsync("Silo_1"));
        await cluster.KillSiloAsync("Silo_0");
        await cluster.StartSiloAsync("Silo_0");
        Assert.Equal(["Silo_1", "Silo_0"], cluster.Silos);
        Assert.Equal("Silo_1", await AskAsync("Silo_0"));
        await cluster.StopSiloAsync("Silo_1");
        Assert.Equal("Silo_0", await AskAsync("Silo_0"));

        // Not as a client, which on Orleans may have its connection to the silo that ends.
        Task<string> AskAsync(string from) => cluster.FactoryOf(from).GetGrain<ILeadGrain>(0).SiloAsync();
    }
}
