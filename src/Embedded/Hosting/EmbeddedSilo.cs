using System.Collections.Immutable;
using System.Net;
using Kimura.Embedded.Activations;
using Kimura.Embedded.Invocation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Kimura.Embedded.Hosting;

/// <summary>A silo: holds activations, from <see cref="StartAsync"/> to <see cref="StopAsync"/> or <see cref="Kill"/>. It lives once.</summary>
public sealed partial class EmbeddedSilo
{
    private readonly HashSet<GrainClass> _classes;
    private readonly Dictionary<GrainId, StatelessWorkerPool> _pools = [];
    private readonly TaskCompletionSource _stopped = new();
    private ITimer? _sweepTimer;
    private int _isSweeping;
    private int _state; // a SiloState

    /// <summary>A silo that is not started yet.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or a class cannot be a grain.</exception>
    public EmbeddedSilo(EmbeddedCluster cluster, EmbeddedSiloOptions options, IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Cluster = cluster;
        Options = options;
        Services = services;
        Logger = services.GetService<ILoggerFactory>()?.CreateLogger("Kimura.Embedded") ?? NullLogger.Instance;
        Metadata = new SiloMetadata { Metadata = options.Metadata.ToImmutableDictionary() };
        Name = options.Name;
        // The endpoint is a name only: no socket is ever bound.
        Address = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 0), cluster.Directory.NextGeneration());
        _classes = [.. options.GrainClasses.OrderBy(static type => type.FullName, StringComparer.Ordinal).Select(cluster.Catalog.Add)];
        Client = new GrainFactory(cluster, this, services);
    }

    private enum SiloState
    {
        Created,
        Running,
        Stopping,
        Stopped,
        Killed,
    }

    /// <summary>The silo's name.</summary>
    public string Name { get; }

    /// <summary>The address of this life of the silo.</summary>
    public SiloAddress Address { get; }

    /// <summary>Whether it takes calls.</summary>
    public bool IsRunning => State == SiloState.Running;

    /// <summary>Gives references whose calls start from this silo.</summary>
    public IClusterClient GrainFactory => Client;

    internal EmbeddedCluster Cluster { get; }

    internal EmbeddedSiloOptions Options { get; }

    internal IServiceProvider Services { get; }

    internal ILogger Logger { get; }

    internal SiloMetadata Metadata { get; }

    internal GrainFactory Client { get; }

    internal TimeProvider Time => Cluster.Options.TimeProvider;

    /// <summary>All activations here, stateless workers too. The directory guards it.</summary>
    internal HashSet<Activation> Activations { get; } = [];

    internal string StateInWords => State switch
    {
        SiloState.Created => "has not started",
        SiloState.Running => "runs",
        SiloState.Stopping => "is stopping",
        SiloState.Stopped => "has stopped",
        _ => "was killed",
    };

    private SiloState State => (SiloState)Volatile.Read(ref _state);

    /// <summary>Takes calls from now on.</summary>
    /// <exception cref="InvalidOperationException">It was started before, or a running silo has the same name.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (State != SiloState.Created)
        {
            throw new InvalidOperationException($"Silo {Name} {StateInWords}: a silo starts once.");
        }

        Cluster.Directory.Join(this);
        Volatile.Write(ref _state, (int)SiloState.Running);
        using (NoFlow.Enter())
        {
            TimeSpan period = SweepPeriod();
            _sweepTimer = Time.CreateTimer(static self => ((EmbeddedSilo)self!).OnSweepDue(), this, period, period);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Refuses new calls, lets calls in progress end, deactivates all activations, and ends when they have ended or after
    /// <see cref="EmbeddedSiloOptions.DeactivationTimeout"/>; what has not ended by then is killed.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.CompareExchange(ref _state, (int)SiloState.Stopping, (int)SiloState.Running) != (int)SiloState.Running)
        {
            if (State == SiloState.Stopping)
            {
                await _stopped.Task.WaitAsync(cancellationToken);
            }

            return;
        }

        Cluster.Directory.Leave(this);
        Activation[] activations = Cluster.Directory.ActivationsOf(this);
        foreach (Activation activation in activations)
        {
            activation.Deactivate(new(DeactivationReasonCode.ShuttingDown, $"Silo {Name} is stopping."), CancellationToken.None);
        }

        try
        {
            await Task.WhenAll(activations.Select(static activation => activation.Deactivated))
                .WaitAsync(Options.DeactivationTimeout, Time, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            LogStopIncomplete(Logger, Name, Cluster.Directory.ActivationsOf(this).Length);
        }

        Close(SiloState.Stopped);
    }

    /// <summary>
    /// Ends at once, as if the process had died: no turn of its grains starts any more, calls that it held fail with
    /// <see cref="SiloUnavailableException"/>, its grains come up elsewhere when they are called.
    /// </summary>
    public void Kill()
    {
        Cluster.Directory.Leave(this);
        Close(SiloState.Killed);
    }

    internal bool Holds(GrainClass grainClass) => _classes.Contains(grainClass);

    /// <summary>The pool of a stateless worker. The directory guards it.</summary>
    internal StatelessWorkerPool PoolOf(GrainReferenceProxy reference)
    {
        if (!_pools.TryGetValue(reference.GrainId, out StatelessWorkerPool? pool))
        {
            pool = new StatelessWorkerPool(this, reference.GrainClass, reference.GrainId);
            _pools.Add(reference.GrainId, pool);
        }

        return pool;
    }

    private void Close(SiloState state)
    {
        Volatile.Write(ref _state, (int)state);
        _sweepTimer?.Dispose();
        Cluster.OutsideTurns.Run(() =>
        {
            foreach (Activation activation in Cluster.Directory.ActivationsOf(this))
            {
                Cluster.Directory.Remove(activation);
                activation.Kill();
            }

            _stopped.TrySetResult();
        });
    }

    private TimeSpan SweepPeriod()
    {
        TimeSpan shortest = TimeSpan.FromMilliseconds(10);
        TimeSpan period = TimeSpan.FromSeconds(1);
        foreach (TimeSpan limit in (ReadOnlySpan<TimeSpan>)[Cluster.Options.ResponseTimeout / 4, Options.CollectionAge / 4])
        {
            period = limit < period ? limit : period;
        }

        return period < shortest ? shortest : period;
    }

    // On the clock's thread: the sweep itself runs on the cluster's scheduler, one at a time.
    private void OnSweepDue()
    {
        if (Interlocked.Exchange(ref _isSweeping, 1) == 0)
        {
            new Task(Sweep, TaskCreationOptions.DenyChildAttach).Start(Cluster.Options.Scheduler);
        }
    }

    private void Sweep()
    {
        try
        {
            Cluster.OutsideTurns.Run(() =>
            {
                long now = Time.GetTimestamp();
                foreach (Activation activation in Cluster.Directory.ActivationsOf(this))
                {
                    if (activation.Sweep(now))
                    {
                        activation.Deactivate(new(DeactivationReasonCode.ActivationIdle, $"No call came for {Options.CollectionAge}."));
                    }
                }
            });
        }
        finally
        {
            Volatile.Write(ref _isSweeping, 0);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Silo {Silo} stops without waiting for {Count} activations that have not ended")]
    private static partial void LogStopIncomplete(ILogger logger, string silo, int count);
}
