using Kimura.Tests.Unit.Embedded.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>Activations that fail, wait or end themselves.</summary>
public sealed class FragileTests
{
    internal static readonly Action<IServiceCollection> Solid = static services => services.AddSingleton(new Fragility());

    [Fact]
    public async Task A_failed_activation_fails_the_waiting_calls_and_the_next_call_tries_again()
    {
        Fragility fragility = new();
        await using IClusterHarness cluster = await StartAsync(fragility);
        IFragileGrain grain = cluster.Client.GetGrain<IFragileGrain>("a");
        fragility.OnActivate = async (_, _) =>
        {
            cluster.Probe.Note("activating");
            await cluster.Probe.Gate("fail");
            throw new CustomException("not today", 7);
        };
        Task<string>[] calls = [grain.KeyAsync(), grain.KeyAsync()];
        await cluster.Probe.Seen("activating");
        await cluster.SettleAsync();
        cluster.Probe.Open("fail");
        foreach (Task<string> call in calls)
        {
            Assert.Equal(7, (await Assert.ThrowsAsync<CustomException>(() => call)).Number);
        }

        fragility.OnActivate = static (_, _) => Task.CompletedTask;
        await cluster.SettleAsync();
        Assert.Equal("a", await grain.KeyAsync());
        Assert.Equal(1, cluster.Probe.Count("activating"));
    }

    [Fact]
    public async Task A_grain_whose_services_are_missing_says_which()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        InvalidOperationException failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => cluster.Client.GetGrain<IFragileGrain>("a").KeyAsync());
        Assert.Contains(nameof(Fragility), failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_wait_until_the_grain_is_activated_and_time_out_if_it_never_is()
    {
        Fragility fragility = new();
        await using IClusterHarness cluster = await StartAsync(fragility, TimeSpan.FromSeconds(10));
        fragility.OnActivate = (key, _) => cluster.Probe.Gate(key);
        Task<string> waits = cluster.Client.GetGrain<IFragileGrain>("late").KeyAsync();
        Task<string> never = cluster.Client.GetGrain<IFragileGrain>("never").KeyAsync();
        await cluster.SettleAsync();
        Assert.False(waits.IsCompleted);
        cluster.Probe.Open("late");
        Assert.Equal("late", await waits);
        await cluster.WaitAsync(TimeSpan.FromSeconds(12));
        await Assert.ThrowsAsync<TimeoutException>(() => never);
    }

    [Fact]
    public async Task A_grain_that_ends_in_its_activation_once_is_replaced()
    {
        Fragility fragility = new();
        await using IClusterHarness cluster = await StartAsync(fragility);
        int activations = 0;
        fragility.OnActivate = (_, grain) =>
        {
            if (++activations == 1)
            {
                ((IGrainBase)grain).DeactivateOnIdle();
            }

            return Task.CompletedTask;
        };
        Assert.Equal("a", await cluster.Client.GetGrain<IFragileGrain>("a").KeyAsync());
        Assert.Equal(2, activations);
    }

    [Fact]
    public async Task A_grain_that_always_ends_in_its_activation_does_not_go_round_for_ever()
    {
        Fragility fragility = new();
        await using IClusterHarness cluster = await StartAsync(fragility);
        fragility.OnActivate = static (_, grain) =>
        {
            ((IGrainBase)grain).DeactivateOnIdle();
            return Task.CompletedTask;
        };
        await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.Client.GetGrain<IFragileGrain>("a").KeyAsync());
    }

    private static Task<IClusterHarness> StartAsync(Fragility fragility, TimeSpan? responseTimeout = null)
    {
        ClusterShape shape = new() { Services = services => services.AddSingleton(fragility) };
        return ClusterHarness.StartAsync(shape with { ResponseTimeout = responseTimeout ?? shape.ResponseTimeout });
    }
}
