using Kimura.Embedded.Hosting;
using Kimura.Embedded.Invocation;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Kimura.Embedded.Placement;

/// <summary>Chooses the silo that a grain is activated on.</summary>
internal static class Placer
{
    /// <summary>
    /// A silo that has the class and passes the class's filters: for a stateless worker the caller's own if it is one of them,
    /// otherwise by the hash of the grain's identity, so that the same history places alike.
    /// </summary>
    /// <exception cref="SiloUnavailableException">No silo runs.</exception>
    /// <exception cref="OrleansException">No silo may hold the grain.</exception>
    internal static EmbeddedSilo Choose(GrainReferenceProxy reference, EmbeddedSilo[] running)
    {
        if (running.Length == 0)
        {
            throw new SiloUnavailableException($"Grain {reference.GrainId} cannot be called: no silo of the cluster runs.");
        }

        EmbeddedSilo[] candidates = Filter(reference, [.. running.Where(silo => silo.Holds(reference.GrainClass))]);
        if (candidates.Length == 0)
        {
            throw new OrleansException(
                $"No active nodes are compatible with grain {reference.GrainId} (class {reference.GrainClass}); " +
                $"running silos: {string.Join(", ", running.Select(static silo => silo.Name))}.");
        }

        return reference.GrainClass.IsStatelessWorker && reference.Factory.Silo is { } own && candidates.Contains(own)
            ? own
            : candidates[unchecked((int)((uint)reference.GrainId.GetHashCode() % (uint)candidates.Length))];
    }

    private static EmbeddedSilo[] Filter(GrainReferenceProxy reference, EmbeddedSilo[] candidates)
    {
        PlacementTarget target = new(reference.GrainId);
        foreach (PlacementFilterStrategy strategy in reference.GrainClass.Filters)
        {
            if (candidates.Length == 0)
            {
                return candidates;
            }

            IServiceProvider services = reference.Factory.Silo is { IsRunning: true } own ? own.Services : candidates[0].Services;
            IPlacementFilterDirector director = services.GetKeyedService<IPlacementFilterDirector>(strategy.GetType())
                ?? throw new OrleansException($"No director is registered for placement filter {strategy.GetType()} (AddPlacementFilter).");
            HashSet<SiloAddress> kept = [.. director.Filter(strategy, target, [.. candidates.Select(static silo => silo.Address)])];
            candidates = [.. candidates.Where(silo => kept.Contains(silo.Address))];
        }

        return candidates;
    }
}
