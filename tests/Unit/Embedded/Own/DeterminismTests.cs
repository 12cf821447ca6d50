using Kimura.Embedded.Hosting;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Unit.Embedded.Grains;
using Kimura.Tests.Unit.Embedded.Harness;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Placement;
using Orleans.Storage;
using Xunit;

namespace Kimura.Tests.Unit.Embedded.Own;

/// <summary>On a seeded scheduler and a manual clock the whole engine stays on one thread, and one seed is one history.</summary>
public sealed class DeterminismTests
{
    [Fact]
    public void One_seed_is_one_history_and_another_seed_another()
    {
        string first = History(1);
        Assert.Equal(first, History(1));
        Assert.Contains(Enumerable.Range(2, 8), seed => History(seed) != first);
    }

    private static string History(int seed)
    {
        World world = new((ulong)seed, trace: null);
        Life life = new(world, "cluster");
        SimClock clock = new(life, static () => TimeSpan.Zero);
        Probe probe = new();
        MemoryStorage storage = new();
        EmbeddedCluster cluster = new(new EmbeddedClusterOptions { Scheduler = life, TimeProvider = clock });
        ServiceProvider[] hosts = [.. Enumerable.Range(0, 2).Select(i => Host(cluster, probe, storage, i))];
        Task living = life.Start(() => LiveAsync(hosts, probe, clock));

        // It throws where anything strays to another thread.
        world.Run(TimeSpan.FromSeconds(100), () => living.IsCompleted);
        Assert.True(living.IsCompletedSuccessfully, $"{living.Status} {living.Exception}");
        return string.Join('\n', probe.Notes);
    }

    private static async Task LiveAsync(ServiceProvider[] hosts, Probe probe, SimClock clock)
    {
        foreach (ServiceProvider host in hosts)
        {
            await host.GetRequiredService<EmbeddedSilo>().StartAsync();
        }

        IGrainFactory factory = hosts[0].GetRequiredService<IGrainFactory>();
        await factory.GetGrain<ITimerGrain>(0).StartAsync(
            "clock", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), interleave: false, keepAlive: false);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            await factory.GetGrain<IWorkGrain>(i % 3).AddSlowlyAsync();
            await factory.GetGrain<IWorkGrain>(i).FanOutAsync(5);
            probe.Note($"added {i}");
            await factory.GetGrain<ILedgerGrain>($"{i % 2}").AddAsync(i);
            probe.Note($"stored {i}");
        }));
        await Task.Delay(TimeSpan.FromSeconds(2.5), clock);
        await hosts[1].GetRequiredService<EmbeddedSilo>().StopAsync();
        hosts[0].GetRequiredService<EmbeddedSilo>().Kill();
        probe.Note("end");
    }

    private static ServiceProvider Host(EmbeddedCluster cluster, Probe probe, MemoryStorage storage, int index) => new ServiceCollection()
        .AddSingleton(probe)
        .AddPlacementFilter<LeaderOnlyStrategy, LeaderOnlyDirector>(ServiceLifetime.Singleton)
        .AddKeyedSingleton<IGrainStorage>("memory", storage)
        .AddEmbeddedSilo(cluster, options =>
        {
            options.Name = $"Silo_{index}";
            options.GrainClasses.UnionWith(TestGrains.Classes);
        })
        .BuildServiceProvider();
}
