using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Kimura.Tests.Unit.Embedded.Grains;

/// <summary>A grain for silos with the leader flag, the oldest first.</summary>
public interface ILeadGrain : IGrainWithIntegerKey
{
    Task<string> SiloAsync();

    Task HoldAsync(string gate);
}

/// <summary>A grain for the silo that its key names.</summary>
public interface IOwnGrain : IGrainWithStringKey
{
    Task<string> SiloAsync();
}

[LeaderOnly]
public sealed class LeadGrain(ILocalSiloDetails silo, Harness.Probe probe) : Grain, ILeadGrain
{
    public Task<string> SiloAsync() => Task.FromResult(silo.Name);

    public async Task HoldAsync(string gate)
    {
        probe.Note($"enter {gate}");
        await probe.Gate(gate);
        probe.Note($"leave {gate}");
    }
}

[OwnSilo]
public sealed class OwnGrain(ILocalSiloDetails silo) : Grain, IOwnGrain
{
    public Task<string> SiloAsync() => Task.FromResult(silo.Name);
}

[AttributeUsage(AttributeTargets.Class)]
public sealed class LeaderOnlyAttribute() : PlacementFilterAttribute(new LeaderOnlyStrategy());

public sealed class LeaderOnlyStrategy() : PlacementFilterStrategy(order: 1);

public sealed class LeaderOnlyDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault("leader") == "true")
            .OrderBy(static silo => silo.Generation)
            .Take(1);
}

[AttributeUsage(AttributeTargets.Class)]
public sealed class OwnSiloAttribute() : PlacementFilterAttribute(new OwnSiloStrategy());

public sealed class OwnSiloStrategy() : PlacementFilterStrategy(order: 1);

public sealed class OwnSiloDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata["name"] == target.GrainIdentity.Key.ToString());
}
