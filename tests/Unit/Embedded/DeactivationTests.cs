using Kimura.Tests.Unit.Embedded.Grains;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>How activations end, and that no call is lost when they do.</summary>
public sealed class DeactivationTests
{
    [Fact]
    public async Task A_grain_that_ends_itself_is_deactivated_and_the_next_call_activates_it_anew()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        int first = await grain.ActivationAsync();
        await grain.EndAsync();
        await cluster.Probe.Seen("deactivated 0");
        Assert.NotEqual(first, await grain.ActivationAsync());
        Assert.Equal(
            ["activate 0", "deactivating 0 ApplicationRequested", "deactivated 0", "activate 0"], cluster.Probe.Notes);
    }

    [Fact]
    public async Task A_call_that_comes_during_deactivation_goes_to_the_next_activation()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        int first = await grain.ActivationAsync();
        Task ending = grain.EndWhileHoldingAsync("gate");
        await cluster.Probe.Seen("enter gate");
        Task<int> late = grain.ActivationAsync();
        await cluster.SettleAsync();
        Assert.False(late.IsCompleted);
        cluster.Probe.Open("gate");
        await ending;
        Assert.NotEqual(first, await late);
        Assert.Equal(
            ["activate 0", "enter gate", "leave gate", "deactivating 0 ApplicationRequested", "deactivated 0", "activate 0"],
            cluster.Probe.Notes);
    }

    [Fact]
    public async Task No_call_is_lost_while_activations_come_and_go()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        for (int end = 0; end < 5; end++)
        {
            // Calls that come while an activation ends, and all of them once: Orleans refuses one that meets three that end.
            Task ending = grain.EndWhileHoldingAsync($"gate {end}");
            await cluster.Probe.Seen($"enter gate {end}");
            Task[] calls = [.. Enumerable.Range(0, 100).Select(_ => Task.Run(grain.KeyAsync))];
            await cluster.SettleAsync();
            cluster.Probe.Open($"gate {end}");
            await Task.WhenAll([ending, .. calls]);
        }

        Assert.Equal(6, cluster.Probe.Count("activate 0"));
        Assert.Equal(5, cluster.Probe.Count("deactivated 0"));
    }

    [Fact]
    public async Task An_unused_grain_is_deactivated_after_the_collection_age()
    {
        Assert.SkipWhen(ClusterHarness.NoCollection is not null, ClusterHarness.NoCollection ?? "");
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { CollectionAge = TimeSpan.FromMinutes(2) });
        IWorkGrain used = cluster.Client.GetGrain<IWorkGrain>(1);
        int kept = await used.ActivationAsync();
        await cluster.Client.GetGrain<IWorkGrain>(2).ActivationAsync();
        for (int i = 0; i < 3; i++)
        {
            await cluster.AdvanceAsync(TimeSpan.FromSeconds(50));
            Assert.Equal(kept, await used.ActivationAsync());
        }

        await cluster.SettleAsync();
        Assert.Equal(1, cluster.Probe.Count("deactivating 2 ActivationIdle"));
        await cluster.AdvanceAsync(TimeSpan.FromSeconds(125));
        await cluster.SettleAsync();
        Assert.Equal(1, cluster.Probe.Count("deactivating 1 ActivationIdle"));
    }

    [Fact]
    public async Task A_grain_with_a_call_in_progress_is_not_collected()
    {
        Assert.SkipWhen(ClusterHarness.NoCollection is not null, ClusterHarness.NoCollection ?? "");
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(
            new ClusterShape { CollectionAge = TimeSpan.FromSeconds(5), ResponseTimeout = TimeSpan.FromMinutes(5) });
        Task call = cluster.Client.GetGrain<IWorkGrain>(0).HoldAsync("gate");
        await cluster.Probe.Seen("enter gate");
        await cluster.AdvanceAsync(TimeSpan.FromMinutes(1));
        await cluster.SettleAsync();
        Assert.Equal(0, cluster.Probe.Count("deactivating 0 ActivationIdle"));
        cluster.Probe.Open("gate");
        await call;
    }
}
