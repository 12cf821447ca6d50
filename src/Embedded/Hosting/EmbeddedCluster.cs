using Kimura.Embedded.Activations;
using Kimura.Embedded.Invocation;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Kimura.Embedded.Hosting;

/// <summary>
/// Silos in one process that share a directory of grains: a grain is active on one of them, and comes up on another when its silo
/// stops or is killed. It opens no socket.
/// </summary>
public sealed class EmbeddedCluster
{
    /// <summary>A cluster without silos.</summary>
    /// <exception cref="ArgumentException">An option is missing or out of range.</exception>
    public EmbeddedCluster(EmbeddedClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        OutsideTurns = new OutsideTurns(options.Scheduler);
    }

    /// <summary>The silos that run, in the order in which they started.</summary>
    public IReadOnlyList<EmbeddedSilo> RunningSilos => Directory.RunningSilos;

    internal EmbeddedClusterOptions Options { get; }

    internal OutsideTurns OutsideTurns { get; }

    internal GrainCatalog Catalog { get; } = new();

    internal GrainDirectory Directory { get; } = new();

    /// <summary>A client that belongs to no silo.</summary>
    /// <param name="services">Given as <see cref="IClusterClient.ServiceProvider"/>.</param>
    public IClusterClient CreateClient(IServiceProvider services) => new GrainFactory(this, null, services);

    /// <summary>The name of the running silo that the grain is active on; null: not active, or a stateless worker.</summary>
    public string? WhereIs(IAddressable grain) => Directory.SiloOf(grain.GetGrainId())?.Name;

    internal SiloMetadata MetadataOf(SiloAddress address) =>
        Array.Find(Directory.RunningSilos, silo => silo.Address.Equals(address))?.Metadata ?? SiloMetadata.Empty;
}
