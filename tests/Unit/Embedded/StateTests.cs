using Kimura.Tests.Unit.Embedded.Grains;
using Orleans.Storage;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>Persistent state.</summary>
public sealed class StateTests
{
    [Fact]
    public async Task State_is_read_before_the_grain_is_activated_and_outlives_the_activation()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ILedgerGrain grain = cluster.Client.GetGrain<ILedgerGrain>("a");
        Assert.Equal(0, await grain.TotalAsync());
        Assert.Equal(5, await grain.AddAsync(5));
        Assert.Equal(7, await grain.AddAsync(2));
        await grain.EndAsync();
        await cluster.SettleAsync();
        Assert.Equal(7, await grain.TotalAtActivationAsync());
        Assert.Equal(0, await cluster.Client.GetGrain<ILedgerGrain>("b").TotalAsync());
    }

    [Fact]
    public async Task A_version_conflict_reaches_the_caller_and_the_grain_reloads()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ILedgerGrain grain = cluster.Client.GetGrain<ILedgerGrain>("a");
        int activation = await grain.ActivationAsync();
        InconsistentStateException conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => grain.AddAfterRivalAsync(3));
        Assert.NotEqual(conflict.StoredEtag, conflict.CurrentEtag);
        Assert.Equal(3, await grain.TotalAsync());
        Assert.NotEqual(activation, await grain.ActivationAsync());
        Assert.Equal(4, await grain.AddAsync(1));
    }

    [Fact]
    public async Task A_conflict_passed_on_by_another_grain_does_not_end_that_grain()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ILedgerGrain caller = cluster.Client.GetGrain<ILedgerGrain>("caller");
        int activation = await caller.ActivationAsync();
        await Assert.ThrowsAsync<InconsistentStateException>(() => caller.CallRivalledAsync("other"));
        Assert.Equal(activation, await caller.ActivationAsync());
    }

    [Fact]
    public async Task Cleared_state_is_gone()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        ILedgerGrain grain = cluster.Client.GetGrain<ILedgerGrain>("a");
        await grain.AddAsync(5);
        Assert.True(await grain.ClearAsync());
        Assert.Equal(1, await grain.AddAsync(1));
    }
}
