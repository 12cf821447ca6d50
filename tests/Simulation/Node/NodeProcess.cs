using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Kimura.Silo.Hosting;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Tests.Simulation.Disk;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Links;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Kimura.Tests.Simulation.Node;

/// <summary>One life of a node: the production node upon simulated ports, from the opening of its database to its end.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A process that is killed disposes of nothing; one that stops does so itself.")]
internal sealed class NodeProcess
{
    private readonly SimNode _node;
    private readonly SimStore _store;
    private readonly SimGuard _guard;
    private readonly SimClock _clock;
    private readonly SimRandom _random;
    private readonly Network _network;
    private readonly INodeWatch _watch;
    private readonly NodeLog _log;
    private NodePorts _ports = null!;
    private NodeStorage? _storage;
    private ServiceProvider? _services;
    private IMeterFactory? _meters;
    private Action<NodeProcess, Exception?> _onEnded = null!;
    private bool _isStopping;

    public NodeProcess(SimNode node, Life life, SimClock clock, SimRandom random, Network network, INodeWatch watch)
    {
        (_node, Life, _clock, _random, _network, _watch) = (node, life, clock, random, network, watch);
        _store = new SimStore(node.Platter, node.Trouble, life, random.Fork(), batch => watch.OnApplied(node, batch));
        _guard = new SimGuard(node.Platter, node.Trouble, life, random.Fork());
        _log = new NodeLog(life, watch.OnBug);
    }

    public Life Life { get; }

    public SimNode Node => _node;

    /// <summary>It has started, and does not stop yet.</summary>
    public bool IsServing { get; private set; }

    /// <summary>The chain that it has opened; null before.</summary>
    public ChainStore? Chain => _storage?.Chain;

    /// <summary>The way to its grains: of its silo, or of the rival beside it.</summary>
    public IGrainFactory Grains => _random.Chance(0.5) && Rival is { IsRunning: true } rival ? rival.Grains : _services!.GetRequiredService<IGrainFactory>();

    /// <summary>A second silo over the same store, which does not know of the first one.</summary>
    public RivalSilo? Rival { get; private set; }

    public void Start(byte[] peerSeed, byte[]? leaderKey, Action<NodeProcess, Exception?> onEnded)
    {
        _onEnded = onEnded;
        var noise = _random.Fork();
        _ports = new NodePorts
        {
            Time = _clock,
            Scheduler = Life,
            FillRandom = destination =>
            {
                Life.World.RequireHere("randomness was drawn");
                noise.Fill(destination);
            },
            Transport = _network.For(_node.Machine, Life, _clock),
            Workers = new InlineWorkers(),
            Files = new SimFiles(_node.Platter, peerSeed, leaderKey, _store, _guard),
        };
        _ = Life.Start(() => GuardAsync(RunAsync));
    }

    /// <summary>Asks it to stop, as SIGTERM does.</summary>
    public void Stop() => _ = Life.Start(() => GuardAsync(StopAsync));

    /// <summary>What its end leaves on the disk.</summary>
    public void Crash(bool power)
    {
        IsServing = false;
        _store.Crash(power);
        _guard.Crash();

        // Meters are listed in a static table of the framework: all that a process leaves behind in this one.
        _meters?.Dispose();
        Rival?.Forget();
    }

    /// <summary>Starts a second silo beside the first for a while, as two halves of a cluster that has split.</summary>
    public void StartRival(TimeSpan time)
    {
        if (IsServing && Rival is null or { IsOver: true })
        {
            Rival?.Forget();
            var rival = Rival = new RivalSilo(_node, _services!, _storage!, _ports);
            _ = Life.Start(() => GuardAsync(() => rival.RunAsync(time)));
        }
    }

    private async Task RunAsync()
    {
        _storage = await NodeStorage.OpenAsync(_node.Configuration, _ports, _log, CancellationToken.None);
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        var services = builder.Services;
        services.AddSingleton<ILoggerFactory>(_log).AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        NodeWiring.Add(builder, _node.Configuration, _storage, _ports);
        _services = services.BuildServiceProvider();
        _meters = _services.GetRequiredService<IMeterFactory>();
        foreach (var service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
        }

        _services.GetService<LeaderKeepAlive>()?.Start();
        IsServing = true;
        Life.World.Audit.Note($"{Life.Name} is ready at height {_storage.Chain.Tip.Height}");

        // As the program does: a storage that has failed ends the node.
        var failure = await _storage.Chain.Failed;
        if (!_isStopping)
        {
            await EndAsync();
            throw new StorageException(failure.Fault, failure.Message, failure);
        }
    }

    private async Task StopAsync()
    {
        if (!_isStopping)
        {
            await EndAsync();
            _onEnded(this, null);
        }
    }

    private async Task EndAsync()
    {
        (IsServing, _isStopping) = (false, true);
        foreach (var service in _services!.GetServices<IHostedService>().Reverse())
        {
            await service.StopAsync(CancellationToken.None);
        }

        await _services!.DisposeAsync();
        await _storage!.DisposeAsync();
    }

    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (ViolationException violation)
        {
            _watch.OnBug(violation);
        }
        catch (Exception exception)
        {
            _onEnded(this, exception);
        }
    }
}
