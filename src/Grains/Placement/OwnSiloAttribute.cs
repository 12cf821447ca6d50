using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Kimura.Grains.Placement;

/// <summary>Places a grain whose key is a silo's name on that silo: it writes to the silo's own database.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OwnSiloAttribute() : PlacementFilterAttribute(new OwnSiloStrategy());

/// <summary>The strategy behind <see cref="OwnSiloAttribute"/>.</summary>
public sealed class OwnSiloStrategy() : PlacementFilterStrategy(order: 0);

/// <summary>Picks the silo for <see cref="OwnSiloStrategy"/>.</summary>
public sealed class OwnSiloDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    /// <summary>The metadata key under which every silo gives its name.</summary>
    public const string MetadataKey = "kimura.silo";

    /// <inheritdoc />
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
    {
        var name = target.GrainIdentity.Key.ToString();

        // Of two lives of one silo the newer one: the older is dead, and not everybody knows it yet.
        return silos
            .Where(silo => metadata.GetSiloMetadata(silo).Metadata.TryGetValue(MetadataKey, out var own) && own == name)
            .OrderByDescending(silo => silo.Generation)
            .Take(1);
    }
}
