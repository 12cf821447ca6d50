using Kimura.Embedded.Hosting;
using Kimura.Tests.Unit.Embedded.Grains;
using Kimura.Tests.Unit.Embedded.Harness;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Placement;
using Orleans.Storage;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>The contract tests' cluster on the embedded engine: the real engine on the thread pool, with a manual clock.</summary>
internal sealed class EmbeddedHarness : IClusterHarness
{
    private readonly ClusterShape _shape;
    private readonly ManualTimeProvider _clock = new();
    private readonly CountingScheduler _scheduler = new();
    private readonly MemoryStorage _storage = new();
    private readonly EmbeddedCluster _cluster;
    private readonly Dictionary<string, ServiceProvider> _hosts = [];

    internal EmbeddedHarness(ClusterShape shape)
    {
        _shape = shape;
        _cluster = new EmbeddedCluster(new EmbeddedClusterOptions
        {
            Scheduler = _scheduler,
            TimeProvider = _clock,
            ResponseTimeout = shape.ResponseTimeout,
        });
        Client = _cluster.CreateClient(new ServiceCollection().BuildServiceProvider());
    }

    public IClusterClient Client { get; }

    public Probe Probe { get; } = new();

    public IReadOnlyList<string> Silos => [.. _cluster.RunningSilos.Select(static silo => silo.Name)];

    internal EmbeddedCluster Cluster => _cluster;

    public IGrainFactory FactoryOf(string silo) => _hosts[silo].GetRequiredService<IGrainFactory>();

    public Task SettleAsync() => _scheduler.WhenIdle();

    public async Task AdvanceAsync(TimeSpan time)
    {
        DateTimeOffset target = _clock.GetUtcNow() + time;
        await SettleAsync();
        while (_clock.NextDue is { } due && due <= target)
        {
            _clock.Advance(due > _clock.GetUtcNow() ? due - _clock.GetUtcNow() : TimeSpan.Zero);
            await SettleAsync();
        }

        _clock.Advance(target - _clock.GetUtcNow());
    }

    public Task WaitAsync(TimeSpan time) => AdvanceAsync(time);

    public async Task StartAsync()
    {
        for (int i = 0; i < _shape.Silos; i++)
        {
            await StartSiloAsync($"Silo_{i}");
        }
    }

    public async Task StartSiloAsync(string silo)
    {
        ServiceCollection services = new();
        services.AddSingleton(Probe)
            .AddPlacementFilter<LeaderOnlyStrategy, LeaderOnlyDirector>(ServiceLifetime.Singleton)
            .AddPlacementFilter<OwnSiloStrategy, OwnSiloDirector>(ServiceLifetime.Singleton)
            .AddKeyedSingleton<IGrainStorage>("memory", _storage)
            .AddEmbeddedSilo(_cluster, options =>
            {
                options.Name = silo;
                options.CollectionAge = _shape.CollectionAge;
                options.MailboxLimit = _shape.MailboxLimit;
                options.GrainClasses.UnionWith(TestGrains.Classes);
                options.Metadata["name"] = silo;
                options.Metadata["leader"] = _shape.Leaders.Contains(silo) ? "true" : "false";
            });
        _shape.Services(services);
        ServiceProvider host = services.BuildServiceProvider();
        await host.GetRequiredService<EmbeddedSilo>().StartAsync();
        _hosts[silo] = host;
    }

    public Task StopSiloAsync(string silo) => SiloOf(silo).StopAsync();

    public Task KillSiloAsync(string silo)
    {
        SiloOf(silo).Kill();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProvider host in _hosts.Values)
        {
            host.GetRequiredService<EmbeddedSilo>().Kill();
            await host.DisposeAsync();
        }
    }

    private EmbeddedSilo SiloOf(string silo) => _hosts[silo].GetRequiredService<EmbeddedSilo>();
}

/// <summary>Starts the harness of the engine that the tests are built for.</summary>
public static class ClusterHarness
{
    /// <summary>Why tests of idle collection are skipped; null where they run.</summary>
    public static string? NoCollection => null;

    /// <summary>A killed silo's code ends with it; Orleans' test cluster kills a silo's communication, and its grains go on unheard.</summary>
    public static bool KillsCode => true;

    /// <summary>
    /// A silo takes no call from the moment on in which it is told to stop, and none is lost by it. Orleans' takes some until it comes to its grains,
    /// and a client whose connection was to that silo learns of some calls only that they failed.
    /// </summary>
    public static bool StopsAtOnce => true;

    public static async Task<IClusterHarness> StartAsync(ClusterShape? shape = null)
    {
        EmbeddedHarness harness = new(shape ?? new ClusterShape());
        await harness.StartAsync();
        return harness;
    }
}
