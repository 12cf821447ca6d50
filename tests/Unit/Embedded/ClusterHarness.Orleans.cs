using Kimura.Tests.Unit.Embedded.Grains;
using Kimura.Tests.Unit.Embedded.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>
/// The contract tests' cluster on Orleans: its own test cluster, silos and client in this process, calls serialized between them. Grains follow
/// a manual clock; what keeps the cluster together, the time limits of calls and the collection of idle grains follow the real one.
/// </summary>
internal sealed class OrleansHarness : IClusterHarness
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);

    // Orleans tells a silo's age in seconds.
    private static readonly TimeSpan s_apart = TimeSpan.FromMilliseconds(1_100);

    private readonly ClusterShape _shape;
    private readonly ManualTimeProvider _clock = new();
    private readonly MemoryStorage _storage = new();
    private readonly InProcessTestCluster _cluster;
    private readonly List<InProcessSiloHandle> _silos = [];

    internal OrleansHarness(ClusterShape shape)
    {
        _shape = shape;
        InProcessTestClusterBuilder builder = new(0);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.InitializeClientOnDeploy = false;
        builder.Options.AssumeHomogenousSilosForTesting = false;
        builder.ConfigureHost(static host => host.Logging.SetMinimumLevel(LogLevel.None));
        builder.ConfigureSilo((options, silo) => Configure(options.SiloName, silo));
        builder.ConfigureClient(client =>
        {
            UseClock(client.Services);
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = _shape.ResponseTimeout);
        });
        _cluster = builder.Build();
    }

    public IClusterClient Client => _cluster.Client;

    public Probe Probe { get; } = new();

    public IReadOnlyList<string> Silos => [.. _silos.Select(static silo => silo.Name)];

    public IGrainFactory FactoryOf(string silo) => HandleOf(silo).ServiceProvider.GetRequiredService<IGrainFactory>();

    // The pool has run dry, several times in a row: nothing tells when a cluster of Orleans has nothing left to do.
    public async Task SettleAsync()
    {
        var deadline = DateTime.UtcNow + s_patience;
        for (int idle = 0; idle < 5 && DateTime.UtcNow < deadline;)
        {
            await Task.Delay(s_poll);
            idle = ThreadPool.PendingWorkItemCount == 0 ? idle + 1 : 0;
        }
    }

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

    public Task WaitAsync(TimeSpan time) => Task.Delay(time);

    public async Task StartAsync()
    {
        await _cluster.DeployAsync();
        for (int i = 0; i < _shape.Silos; i++)
        {
            await StartSiloAsync($"Silo_{i}");
        }

        await _cluster.InitializeClientAsync();
    }

    public async Task StartSiloAsync(string silo)
    {
        if (_silos.Count > 0)
        {
            await Task.Delay(s_apart);
        }

        InProcessSiloHandle handle = await _cluster.StartSiloAsync(int.Parse(silo["Silo_".Length..]), _cluster.Options);
        _silos.Add(handle);
        await AgreeAsync();
    }

    public async Task StopSiloAsync(string silo)
    {
        InProcessSiloHandle handle = HandleOf(silo);
        await handle.StopSiloAsync(stopGracefully: true);
        _silos.Remove(handle);
    }

    public async Task KillSiloAsync(string silo)
    {
        InProcessSiloHandle handle = HandleOf(silo);
        _silos.Remove(handle);
        await _cluster.KillSiloAsync(handle);
        await AgreeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (InProcessSiloHandle silo in _silos.ToList())
        {
            await _cluster.KillSiloAsync(silo);
        }

        await _cluster.DisposeAsync();
    }

    private void Configure(string name, ISiloBuilder silo)
    {
        UseClock(silo.Services);
        silo.Configure<SiloMessagingOptions>(options =>
        {
            options.ResponseTimeout = _shape.ResponseTimeout;
            options.MaxEnqueuedRequestsHardLimit = _shape.MailboxLimit;
        });

        // By the real clock, and then calls that wait for it are canceled: beyond a test's whole time, so that the calls' own limit, by the test's clock, is what ends them.
        silo.Configure<GrainCollectionOptions>(static options => options.ActivationTimeout = TimeSpan.FromHours(1));
        silo.Configure<ClusterMembershipOptions>(static options =>
        {
            options.ProbeTimeout = TimeSpan.FromMilliseconds(300);
            options.NumMissedProbesLimit = 2;
            options.NumVotesForDeathDeclaration = 1;
        });
        silo.UseSiloMetadata(new Dictionary<string, string>
        {
            ["name"] = name,
            ["leader"] = _shape.Leaders.Contains(name) ? "true" : "false",
        });
        silo.Services.AddSingleton(Probe)
            .AddPlacementFilter<LeaderOnlyStrategy, LeaderOnlyDirector>(ServiceLifetime.Singleton)
            .AddPlacementFilter<OwnSiloStrategy, OwnSiloDirector>(ServiceLifetime.Singleton)
            .AddGrainStorage("memory", (_, _) => _storage);
        _shape.Services(silo.Services);
    }

    private void UseClock(IServiceCollection services)
    {
        services.AddKeyedSingleton<TimeProvider>(TimeProviderNames.Grains, _clock);
    }

    // Until every silo sees exactly the living ones as active.
    private async Task AgreeAsync()
    {
        var deadline = DateTime.UtcNow + s_patience;
        while (_silos.Exists(silo => !SeesAll(silo)))
        {
            Assert(DateTime.UtcNow < deadline, "the silos do not agree who lives");
            await Task.Delay(s_poll);
        }
    }

    private bool SeesAll(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<ISiloStatusOracle>()
        .GetApproximateSiloStatuses(onlyActive: true).Keys.ToHashSet()
        .SetEquals(_silos.Select(static other => other.SiloAddress));

    private static void Assert(bool holds, string what) => Xunit.Assert.True(holds, what);

    private InProcessSiloHandle HandleOf(string silo) => _silos.Single(handle => handle.Name == silo);
}

/// <summary>Starts the harness of the engine that the tests are built for.</summary>
public static class ClusterHarness
{
    /// <summary>Why tests of idle collection are skipped; null where they run.</summary>
    public static string? NoCollection => "Orleans collects idle grains by the real clock alone";

    /// <summary>A killed silo's code ends with it; Orleans' test cluster kills a silo's communication, and its grains go on unheard.</summary>
    public static bool KillsCode => false;

    /// <summary>
    /// A silo takes no call from the moment on in which it is told to stop, and none is lost by it. Orleans' takes some until it comes to its grains,
    /// and a client whose connection was to that silo learns of some calls only that they failed.
    /// </summary>
    public static bool StopsAtOnce => false;

    public static async Task<IClusterHarness> StartAsync(ClusterShape? shape = null)
    {
        OrleansHarness harness = new(shape ?? new ClusterShape());
        await harness.StartAsync();
        return harness;
    }
}
