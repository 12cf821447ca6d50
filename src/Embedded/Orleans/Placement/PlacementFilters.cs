using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Placement;

/// <summary>Names the filter that a grain class's placement passes through. Derive a sealed attribute from it.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public abstract class PlacementFilterAttribute : Attribute
{
    /// <summary>With the filter's strategy.</summary>
    protected PlacementFilterAttribute(PlacementFilterStrategy placement)
    {
        ArgumentNullException.ThrowIfNull(placement);
        PlacementFilterStrategy = placement;
    }

    /// <summary>The filter's strategy.</summary>
    public PlacementFilterStrategy PlacementFilterStrategy { get; }
}

/// <summary>A filter's name and order. Derive from it with a parameterless constructor.</summary>
public abstract class PlacementFilterStrategy
{
    /// <summary>With the filter's place among several on one class: lower runs first; no two may be equal.</summary>
    protected PlacementFilterStrategy(int order)
    {
        Order = order;
    }

    /// <summary>The filter's place among several on one class.</summary>
    public int Order { get; }
}

/// <summary>Decides which silos may hold a grain.</summary>
public interface IPlacementFilterDirector
{
    /// <summary>The silos among <paramref name="silos"/> that may hold the grain.</summary>
    IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos);
}

/// <summary>Registers placement filters.</summary>
public static class PlacementFilterExtensions
{
    /// <summary>Registers the director of a filter strategy.</summary>
    public static IServiceCollection AddPlacementFilter<TFilter, TDirector>(this IServiceCollection services, ServiceLifetime strategyLifetime)
        where TFilter : PlacementFilterStrategy, new()
        where TDirector : class, IPlacementFilterDirector
    {
        services.Add(ServiceDescriptor.DescribeKeyed(typeof(PlacementFilterStrategy), typeof(TFilter).Name, typeof(TFilter), strategyLifetime));
        return services.AddKeyedSingleton<IPlacementFilterDirector, TDirector>(typeof(TFilter));
    }
}
