using Kimura.Embedded.Hosting;
using Kimura.Embedded.Invocation;
using Kimura.Embedded.Timers;
using Orleans.Runtime;

namespace Kimura.Embedded.Activations;

/// <summary>
/// One activation of a grain: its object, its queue of invocations and its life. This part holds what it is; Activation.Invocations.cs
/// what it is asked to do, Activation.Life.cs how it begins and ends.
/// </summary>
internal sealed partial class Activation : IGrainContext, ICallTarget
{
    private readonly TurnScheduler _turns;
    private readonly List<GrainTimer> _timers = [];
    private readonly TaskCompletionSource _deactivated = new();
    private ActivationState _state = ActivationState.Activating;

    internal Activation(EmbeddedSilo silo, GrainClass grainClass, GrainId grainId, StatelessWorkerPool? pool)
    {
        Silo = silo;
        GrainClass = grainClass;
        GrainId = grainId;
        Pool = pool;
        LastUsed = silo.Time.GetTimestamp();
        _turns = new TurnScheduler(this, silo.Cluster.Options.Scheduler, silo.Options.TurnsPerSlice);
    }

    /// <inheritdoc/>
    public GrainId GrainId { get; }

    /// <inheritdoc/>
    public object? GrainInstance => _grain;

    /// <inheritdoc/>
    public IServiceProvider ActivationServices => _scope?.ServiceProvider ?? Silo.Services;

    /// <inheritdoc/>
    public Task Deactivated => _deactivated.Task;

    internal EmbeddedSilo Silo { get; }

    internal GrainClass GrainClass { get; }

    /// <summary>The pool of stateless workers that it belongs to.</summary>
    internal StatelessWorkerPool? Pool { get; }

    /// <summary>Whether calls that are delivered now will run here, unless it ends first.</summary>
    internal bool IsOpen
    {
        get
        {
            lock (_turns.Gate)
            {
                return _state is ActivationState.Activating or ActivationState.Valid;
            }
        }
    }

    /// <inheritdoc/>
    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"{GrainId}@{Silo.Name}";

    /// <summary>Runs an action in a turn of its own; nothing happens if the activation was killed.</summary>
    internal void Post(Action action) => _turns.Post(() =>
    {
        action();
        return Task.CompletedTask;
    });

    /// <summary>The timer ends with the activation. False: the activation is ending already.</summary>
    internal bool TryAdd(GrainTimer timer)
    {
        lock (_turns.Gate)
        {
            if (_state is ActivationState.Deactivating or ActivationState.Ended)
            {
                return false;
            }

            _timers.Add(timer);
            return true;
        }
    }

    internal void Remove(GrainTimer timer)
    {
        lock (_turns.Gate)
        {
            _timers.Remove(timer);
        }
    }

    private void DisposeTimers()
    {
        GrainTimer[] timers;
        lock (_turns.Gate)
        {
            timers = [.. _timers];
            _timers.Clear();
        }

        foreach (GrainTimer timer in timers)
        {
            timer.Dispose();
        }
    }
}

/// <summary>Where an activation is in its life.</summary>
internal enum ActivationState
{
    /// <summary>Being constructed and activated; calls wait.</summary>
    Activating,

    /// <summary>Runs calls.</summary>
    Valid,

    /// <summary>Finishes the calls in progress, then OnDeactivateAsync; later calls wait for the next activation.</summary>
    Deactivating,

    /// <summary>Takes nothing.</summary>
    Ended,
}
