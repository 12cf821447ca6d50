using Kimura.Tests.Unit.Embedded.Grains;
using Orleans;
using Xunit;

namespace Kimura.Tests.Unit.Embedded.Own;

/// <summary>Where the embedded engine promises more than Orleans does, or refuses what Orleans lets pass until it fails.</summary>
public sealed class StricterTests
{
    // Orleans passes a call on twice and then refuses it.
    [Fact]
    public async Task Workers_that_end_without_end_lose_no_call()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkerGrain grain = cluster.Client.GetGrain<IWorkerGrain>(0);
        cluster.Probe.Open("gate");
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => Task.Run(() => i % 3 == 0 ? grain.EndAsync() : grain.HoldAsync("gate"))));
        Assert.Equal(200, cluster.Probe.Count("enter gate"));
    }

    [Fact]
    public async Task Activations_that_come_and_go_lose_no_call()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkGrain grain = cluster.Client.GetGrain<IWorkGrain>(0);
        Task[] calls = [.. Enumerable.Range(0, 500).Select(i => Task.Run(() => i % 5 == 0 ? grain.EndAsync() : grain.KeyAsync()))];
        await Task.WhenAll(calls);
        await cluster.SettleAsync();
        int activations = cluster.Probe.Count("activate 0");
        Assert.InRange(activations, 2, 102);
        Assert.InRange(cluster.Probe.Count("deactivated 0"), activations - 1, activations);
    }

    // Orleans refuses the first call through such a reference.
    [Fact]
    public async Task A_reference_of_an_interface_that_the_grain_has_not_is_refused()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        Assert.ThrowsAny<ArgumentException>(() => cluster.Client.GetGrain<IWorkGrain>(1).AsReference<IReentrantGrain>());
    }

    // Orleans makes it, and it fails at the first use of its context.
    [Fact]
    public async Task A_grain_made_by_hand_is_refused()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        Assert.Throws<InvalidOperationException>(() => new ReentrantGrain(cluster.Probe));
    }

    // On Orleans the message alone crosses.
    [Fact]
    public async Task An_exception_reaches_the_caller_whole()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        Assert.Equal("kind", (await Assert.ThrowsAsync<ArgumentException>(() => cluster.Client.GetGrain<IWorkGrain>(0).FailAsync("argument"))).ParamName);
    }
}
