using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Kimura.Grains.Placement;

/// <summary>Places a grain on the oldest living silo that was started with the leader flag, so that leader and pool share one.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LeaderSiloAttribute() : PlacementFilterAttribute(new LeaderSiloStrategy());

/// <summary>The strategy behind <see cref="LeaderSiloAttribute"/>.</summary>
public sealed class LeaderSiloStrategy() : PlacementFilterStrategy(order: 0);

/// <summary>Picks the silo for <see cref="LeaderSiloStrategy"/>.</summary>
public sealed class LeaderSiloDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    /// <summary>The metadata key that the leader flag sets to <c>true</c>.</summary>
    public const string MetadataKey = "kimura.leader";

    /// <inheritdoc />
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos
            .Where(silo => metadata.GetSiloMetadata(silo).Metadata.TryGetValue(MetadataKey, out var flag) && flag == "true")
            .OrderBy(silo => silo.Generation)
            .ThenBy(silo => silo.ToString(), StringComparer.Ordinal)
            .Take(1);
}
