using System.Reflection;
using Kimura.Embedded.Hosting;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;

namespace Kimura.Embedded.Activations;

/// <summary>What the engine knows of a grain class from its type and attributes.</summary>
internal sealed class GrainClass
{
    private readonly StatelessWorkerAttribute? _statelessWorker;

    /// <exception cref="ArgumentException">The class cannot be a grain; the message says why.</exception>
    internal GrainClass(Type type)
    {
        if (!type.IsClass || type.IsAbstract || type.ContainsGenericParameters || !type.IsAssignableTo(typeof(IGrainBase)))
        {
            throw new ArgumentException(
                $"{type} is no grain class: a grain class derives from Grain and is neither abstract nor generic.", nameof(type));
        }

        Type = type;
        GrainType = GrainType.Create(NameOf(type));
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        _statelessWorker = type.GetCustomAttribute<StatelessWorkerAttribute>(inherit: true);
        Filters = [.. type.GetCustomAttributes<PlacementFilterAttribute>(inherit: true)
            .Select(static attribute => attribute.PlacementFilterStrategy)
            .OrderBy(static strategy => strategy.Order)];
        if (Filters.DistinctBy(static s => s.Order).Count() != Filters.Length)
        {
            throw new ArgumentException($"Two placement filters of grain class {type} have the same order.", nameof(type));
        }

        Interfaces = [.. type.GetInterfaces().Where(static i => i.IsAssignableTo(typeof(IGrain)) && i.Namespace != "Orleans")];
        if (Interfaces.Length == 0)
        {
            throw new ArgumentException($"Grain class {type} implements no grain interface.", nameof(type));
        }

        Activator = new GrainActivator(type);
    }

    internal Type Type { get; }

    internal GrainType GrainType { get; }

    internal bool IsReentrant { get; }

    internal bool IsStatelessWorker => _statelessWorker is not null;

    internal PlacementFilterStrategy[] Filters { get; }

    internal Type[] Interfaces { get; }

    internal GrainActivator Activator { get; }

    /// <inheritdoc/>
    public override string ToString() => Type.ToString();

    internal int MaxLocalWorkers(EmbeddedSiloOptions options) =>
        _statelessWorker is { MaxLocalWorkers: > 0 } attribute ? attribute.MaxLocalWorkers : options.DefaultStatelessWorkers;

    // Orleans' convention (GrainTypeResolver), so that stored identities mean the same on both engines.
    private static string NameOf(Type type)
    {
        string name = type.Name;
        const string suffix = "Grain";
        return (name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) ? name[..^suffix.Length] : name)
            .ToLowerInvariant();
    }
}
