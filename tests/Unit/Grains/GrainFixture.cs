using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Embedded.Hosting;
using Kimura.Grains;
using Kimura.Grains.Cluster;
using Kimura.Grains.Intake;
using Kimura.Grains.Leader;
using Kimura.Grains.Network;
using Kimura.Grains.Placement;
using Kimura.Grains.Pool;
using Kimura.Interfaces;
using Kimura.Storage.GrainState;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Log;
using Kimura.Storage.SignGuard;
using Kimura.Tests.Unit.Chain;
using Kimura.Tests.Unit.Storage;
using Kimura.Tests.Unit.Storage.Ledger;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Placement;
using Orleans.Storage;

namespace Kimura.Tests.Unit.Grains;

/// <summary>What a test wants of its node.</summary>
internal sealed record NodeShape
{
    public ChainParameters? Parameters { get; init; }

    public ISignGuard? Guard { get; init; }

    public ProducerSchedule? Producers { get; init; }

    public IWorkers Workers { get; init; } = InlineWorkers.Instance;

    public ProductionGate? Gate { get; init; }

    public INetworkView? Network { get; init; }

    public IBodySource? Bodies { get; init; }

    public ILeaderLink? Link { get; init; }

    public int PendingLimit { get; init; } = 1_000;

    public long PendingBytesLimit { get; init; } = 1 << 20;

    public int PendingSenderLimit { get; init; } = 100;

    /// <summary>The log of a cluster that the silos are a part of, and where its grains keep their state; none where the store is its own log.</summary>
    public (ISharedLog Log, IGrainStorage State)? Shared { get; init; }

    /// <summary>For each silo whether it has the leader flag; the first is the one that the fixture's grains are called from.</summary>
    public IReadOnlyList<bool> Silos { get; init; } = [true];
}

/// <summary>The real grains on the embedded engine, over a real store, under a manual clock that starts when the ledger's chain does.</summary>
internal sealed class GrainFixture : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly NodeShape _shape;
    private readonly List<ServiceProvider> _hosts = [];

    private GrainFixture(NodeShape shape, LedgerFixture ledger)
    {
        _shape = shape;
        Ledger = ledger;
    }

    public ManualTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds((long)LedgerFixture.Start));

    public LedgerFixture Ledger { get; }

    public ListLogger Log { get; } = new();

    public EmbeddedCluster Cluster { get; private set; } = null!;

    public IGrainFactory Grains { get; private set; } = null!;

    public ILeaderGrain Leader => Grains.GetGrain<ILeaderGrain>(0);

    public IPendingPoolGrain Pool => Grains.GetGrain<IPendingPoolGrain>(0);

    public IIntakeGrain Intake => Grains.GetGrain<IIntakeGrain>(0);

    public IChainReader Reader => Grains.GetGrain<IChainReader>(0);

    public IChainGrain Follower => Grains.GetGrain<IChainGrain>("Silo_0");

    public static async Task<GrainFixture> CreateAsync(NodeShape? shape = null)
    {
        shape ??= new NodeShape();
        var fixture = new GrainFixture(shape, await LedgerFixture.CreateAsync(shape.Parameters, shape.Guard, takesEpochs: false));
        fixture.Grains = await fixture.StartClusterAsync();
        return fixture;
    }

    /// <summary>Starts a cluster over the same store beside what runs already: to its grains it looks as if it were alone.</summary>
    public async Task<IGrainFactory> StartClusterAsync()
    {
        Cluster = new EmbeddedCluster(new EmbeddedClusterOptions { Scheduler = TaskScheduler.Default, TimeProvider = Time });
        var first = _hosts.Count;
        for (var i = 0; i < _shape.Silos.Count; i++)
        {
            var host = Build($"Silo_{i}", _shape.Silos[i]);
            _hosts.Add(host);
            await host.GetRequiredService<EmbeddedSilo>().StartAsync();
        }

        return _hosts[first].GetRequiredService<IGrainFactory>();
    }

    /// <summary>Stops the silos and closes the database, then starts anew.</summary>
    public async Task RestartAsync(bool canFetch = false)
    {
        await StopSilosAsync();
        await Ledger.ReopenAsync(canFetch: canFetch);
        Grains = await StartClusterAsync();
    }

    /// <summary>Lets one interval pass; completes when the leader's tick has ended.</summary>
    public Task<LeaderStatus> TickAsync() => PassAsync(Interval);

    /// <summary>Lets time pass. The leader takes one turn at a time, so its answer comes after the tick that is due.</summary>
    public Task<LeaderStatus> PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        return Leader.KeepAliveAsync();
    }

    /// <summary>Hands messages to the pool, as the intake does.</summary>
    public Task<SubmissionResults> AdmitAsync(params Message[] messages) => AdmitAsync(Pool, messages);

    public static Task<SubmissionResults> AdmitAsync(IPendingPoolGrain pool, params Message[] messages) =>
        pool.AdmitAsync(new VerifiedBatch(Encode(messages), messages.Length, Ids(messages)));

    /// <summary>Hands messages to the intake, as the gateway does.</summary>
    public Task<SubmissionResults> SubmitAsync(params Message[] messages) =>
        Intake.SubmitAsync(new SubmissionBatch(Encode(messages), messages.Length));

    /// <summary>A message, admitted.</summary>
    public async Task<Message> AcceptAsync(string sender, string content = "content")
    {
        var message = Ledger.Sign(sender, content);
        Xunit.Assert.Equal([SubmissionOutcome.Accepted], Outcomes(await AdmitAsync(message)));
        return message;
    }

    public EmbeddedSilo SiloOf(int index) => _hosts[index].GetRequiredService<EmbeddedSilo>();

    public static IEnumerable<SubmissionOutcome> Outcomes(SubmissionResults results) => results.Results.Select(result => result.Outcome);

    public static byte[] Encode(IEnumerable<Message> messages) => [.. messages.SelectMany(message => message.Encoding.ToArray())];

    public static byte[] Ids(IEnumerable<Message> messages) => [.. messages.SelectMany(message => message.ComputeId().Value.ToArray())];

    public async ValueTask DisposeAsync()
    {
        Ledger.Store.Release();
        await StopSilosAsync();
        await Ledger.DisposeAsync();
    }

    private async Task StopSilosAsync()
    {
        foreach (var host in _hosts)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await host.GetRequiredService<EmbeddedSilo>().StopAsync(patience.Token);
            await host.DisposeAsync();
        }

        _hosts.Clear();
    }

    private ServiceProvider Build(string name, bool isLeader)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(new ListLoggerProvider(Log)));
        services
            .AddMetrics()
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton(_shape.Workers)
            .AddSingleton<IKeyValueStore>(Ledger.Store)
            .AddSingleton(Ledger.Chain)
            .AddSingleton(Ledger.Parameters)
            .AddSingleton(Ledger.Signer)
            .AddSingleton<LeaderInstruments>()
            .AddSingleton<PoolInstruments>()
            .AddSingleton<IntakeInstruments>()
            .AddSingleton(OptionsOf(name, isLeader))
            .AddPlacementFilter<LeaderSiloStrategy, LeaderSiloDirector>(ServiceLifetime.Singleton)
            .AddPlacementFilter<OwnSiloStrategy, OwnSiloDirector>(ServiceLifetime.Singleton)
            .AddEmbeddedSilo(Cluster, silo =>
            {
                silo.Name = name;
                silo.AddGrains(typeof(NodeOptions).Assembly);
                silo.Metadata[OwnSiloDirector.MetadataKey] = name;
                silo.Metadata[LeaderSiloDirector.MetadataKey] = isLeader ? "true" : "false";
            });
        AddLog(services);
        AddIfAny(services, _shape.Gate);
        AddIfAny(services, _shape.Network);
        AddIfAny(services, _shape.Bodies);
        AddIfAny(services, _shape.Link);
        AddIfAny<ILeaderReads>(services, _shape.Link);
        return services.BuildServiceProvider();
    }

    private void AddLog(ServiceCollection services)
    {
        if (_shape.Shared is not var (log, state))
        {
            services.AddSingleton<IChainLog>(Ledger.Chain).AddKeyedSingleton<IGrainStorage, KeyValueGrainStorage>(NodeOptions.GrainStorage);
            return;
        }

        services
            .AddSingleton(log).AddSingleton<ReplicaFeed>().AddSingleton<ILeaderHost, Nowhere>().AddSingleton<IChainLog, ReplicatedLog>()
            .AddSingleton<ILeaderReads, LogReads>().AddKeyedSingleton(NodeOptions.GrainStorage, state);
    }

    private sealed class Nowhere(NodeOptions options) : ILeaderHost
    {
        public LeaderPlace Place => new(options.SiloName, default);
    }

    private static void AddIfAny<T>(ServiceCollection services, T? service)
        where T : class
    {
        if (service is not null)
        {
            services.AddSingleton(service);
        }
    }

    private NodeOptions OptionsOf(string name, bool isLeader) => new()
    {
        SiloName = name,
        IsLeader = isLeader,
        Producers = _shape.Producers ?? Ledger.Producers,
        BlockInterval = Interval,
        Engine = "embedded",
        Version = "1.2.3",
        PendingLimit = _shape.PendingLimit,
        PendingBytesLimit = _shape.PendingBytesLimit,
        PendingSenderLimit = _shape.PendingSenderLimit,
    };
}
