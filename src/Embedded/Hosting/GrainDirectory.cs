using Kimura.Embedded.Activations;
using Kimura.Embedded.Invocation;
using Kimura.Embedded.Placement;
using Orleans.Runtime;

namespace Kimura.Embedded.Hosting;

/// <summary>Which silos run, and where each grain is active: at most one activation of a grain in the cluster.</summary>
internal sealed class GrainDirectory
{
    private readonly Lock _gate = new();
    private readonly List<EmbeddedSilo> _silos = [];
    private readonly Dictionary<GrainId, Activation> _activations = [];
    private int _generations;

    /// <summary>The silos that run, in the order in which they started.</summary>
    internal EmbeddedSilo[] RunningSilos
    {
        get
        {
            lock (_gate)
            {
                return [.. _silos];
            }
        }
    }

    /// <summary>The number of the next life of a silo.</summary>
    internal int NextGeneration() => Interlocked.Increment(ref _generations);

    /// <exception cref="InvalidOperationException">A running silo has the same name.</exception>
    internal void Join(EmbeddedSilo silo)
    {
        lock (_gate)
        {
            if (_silos.Exists(other => other.Name == silo.Name))
            {
                throw new InvalidOperationException($"A silo named {silo.Name} runs already.");
            }

            _silos.Add(silo);
        }
    }

    /// <summary>From now on nothing is placed on the silo.</summary>
    internal void Leave(EmbeddedSilo silo)
    {
        lock (_gate)
        {
            _silos.Remove(silo);
        }
    }

    /// <summary>Where to send a call of the grain, placing and activating it where it is not active.</summary>
    /// <exception cref="SiloUnavailableException">No silo runs.</exception>
    /// <exception cref="OrleansException">No silo may hold the grain.</exception>
    internal ICallTarget Resolve(GrainReferenceProxy reference)
    {
        while (true)
        {
            if (Find(reference) is { } active)
            {
                return active;
            }

            EmbeddedSilo silo = Placer.Choose(reference, RunningSilos);
            if (TryPlace(reference, silo, out Activation? created) is { } target)
            {
                created?.Start();
                return target;
            }
        }
    }

    /// <summary>False: the silo no longer runs.</summary>
    /// <exception cref="LimitExceededException">The silo holds as many activations as it may.</exception>
    internal bool TryAddWorker(Activation worker)
    {
        lock (_gate)
        {
            if (!_silos.Contains(worker.Silo))
            {
                return false;
            }

            ThrowIfFull(worker.Silo, worker.GrainId);
            return worker.Silo.Activations.Add(worker);
        }
    }

    internal void Remove(Activation activation)
    {
        lock (_gate)
        {
            activation.Silo.Activations.Remove(activation);
            if (_activations.TryGetValue(activation.GrainId, out Activation? registered) && ReferenceEquals(registered, activation))
            {
                _activations.Remove(activation.GrainId);
            }
        }
    }

    internal Activation[] ActivationsOf(EmbeddedSilo silo)
    {
        lock (_gate)
        {
            return [.. silo.Activations];
        }
    }

    internal EmbeddedSilo? SiloOf(GrainId grainId)
    {
        lock (_gate)
        {
            return _activations.GetValueOrDefault(grainId)?.Silo;
        }
    }

    private Activation? Find(GrainReferenceProxy reference)
    {
        lock (_gate)
        {
            return _activations.GetValueOrDefault(reference.GrainId);
        }
    }

    private ICallTarget? TryPlace(GrainReferenceProxy reference, EmbeddedSilo silo, out Activation? created)
    {
        created = null;
        lock (_gate)
        {
            if (_activations.TryGetValue(reference.GrainId, out Activation? active))
            {
                return active;
            }

            if (!_silos.Contains(silo))
            {
                return null;
            }

            if (reference.GrainClass.IsStatelessWorker)
            {
                return silo.PoolOf(reference);
            }

            ThrowIfFull(silo, reference.GrainId);
            created = new Activation(silo, reference.GrainClass, reference.GrainId, pool: null);
            _activations.Add(reference.GrainId, created);
            silo.Activations.Add(created);
            return created;
        }
    }

    private static void ThrowIfFull(EmbeddedSilo silo, GrainId grainId)
    {
        if (silo.Activations.Count >= silo.Options.ActivationLimit)
        {
            throw new LimitExceededException(
                $"Grain {grainId} cannot be activated: silo {silo.Name} holds {silo.Activations.Count} activations, " +
                "the limit (ActivationLimit).");
        }
    }
}
