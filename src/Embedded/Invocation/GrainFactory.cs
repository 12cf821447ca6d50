using System.Collections.Concurrent;
using Kimura.Embedded.Activations;
using Kimura.Embedded.Hosting;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Embedded.Invocation;

/// <summary>Gives references whose calls start from one silo, or from outside all silos.</summary>
internal sealed class GrainFactory(EmbeddedCluster cluster, EmbeddedSilo? silo, IServiceProvider services) : IClusterClient
{
    // References are cheap to make again; the bound keeps unbounded keys from filling memory.
    private const int MaxCachedReferences = 10_000;

    private readonly ConcurrentDictionary<(Type Interface, long Key), object> _byInteger = new();
    private readonly ConcurrentDictionary<(Type Interface, string Key), object> _byString = new();

    /// <inheritdoc/>
    public IServiceProvider ServiceProvider => services;

    internal EmbeddedCluster Cluster => cluster;

    /// <summary>The silo that calls start from; null: none.</summary>
    internal EmbeddedSilo? Silo => silo;

    /// <inheritdoc/>
    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey
    {
        if (grainClassNamePrefix is null && _byInteger.TryGetValue((typeof(TGrainInterface), primaryKey), out object? known))
        {
            return (TGrainInterface)known;
        }

        object reference = Create(typeof(TGrainInterface), GrainKeys.FromInteger(primaryKey), grainClassNamePrefix);
        Remember(_byInteger, (typeof(TGrainInterface), primaryKey), reference, grainClassNamePrefix);
        return (TGrainInterface)reference;
    }

    /// <inheritdoc/>
    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        if (grainClassNamePrefix is null && _byString.TryGetValue((typeof(TGrainInterface), primaryKey), out object? known))
        {
            return (TGrainInterface)known;
        }

        object reference = Create(typeof(TGrainInterface), IdSpan.Create(primaryKey), grainClassNamePrefix);
        Remember(_byString, (typeof(TGrainInterface), primaryKey), reference, grainClassNamePrefix);
        return (TGrainInterface)reference;
    }

    /// <summary>Refuses calls from outside the grains when the silo does not run; grains that are ending may still call.</summary>
    /// <exception cref="SiloUnavailableException">The silo does not run.</exception>
    internal void ThrowIfClosed()
    {
        if (silo is { IsRunning: false } && TurnContext.Current is null)
        {
            throw new SiloUnavailableException($"Silo {silo.Name} takes no calls: it {silo.StateInWords}.");
        }
    }

    private object Create(Type interfaceType, IdSpan key, string? classPrefix)
    {
        InterfacePlan plan = InterfacePlan.Of(interfaceType);
        GrainClass grainClass = cluster.Catalog.ClassOf(interfaceType, classPrefix);
        return GrainReferenceProxy.Create(plan, grainClass, new GrainId(grainClass.GrainType, key), this);
    }

    private static void Remember<TKey>(ConcurrentDictionary<TKey, object> references, TKey key, object reference, string? classPrefix)
        where TKey : notnull
    {
        if (classPrefix is not null)
        {
            return;
        }

        if (references.Count >= MaxCachedReferences)
        {
            references.Clear();
        }

        references[key] = reference;
    }
}
