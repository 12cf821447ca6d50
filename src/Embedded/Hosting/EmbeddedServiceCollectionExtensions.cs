using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Kimura.Embedded.Hosting;

/// <summary>Registers a silo.</summary>
public static class EmbeddedServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="EmbeddedSilo"/>, and from it <see cref="IGrainFactory"/>, <see cref="IClusterClient"/>,
    /// <see cref="ILocalSiloDetails"/> and <see cref="ISiloMetadataCache"/>. The host starts and stops the silo. Storage providers are
    /// keyed <see cref="Orleans.Storage.IGrainStorage"/> services.
    /// </summary>
    public static IServiceCollection AddEmbeddedSilo(
        this IServiceCollection services, EmbeddedCluster cluster, Action<EmbeddedSiloOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(configure);
        EmbeddedSiloOptions options = new();
        configure(options);
        return services
            .AddSingleton(provider => new EmbeddedSilo(cluster, options, provider))
            .AddSingleton(static provider => provider.GetRequiredService<EmbeddedSilo>().GrainFactory)
            .AddSingleton<IGrainFactory>(static provider => provider.GetRequiredService<EmbeddedSilo>().GrainFactory)
            .AddSingleton<ILocalSiloDetails>(static provider => new LocalSiloDetails(provider.GetRequiredService<EmbeddedSilo>()))
            .AddSingleton<ISiloMetadataCache>(new SiloMetadataCache(cluster));
    }

    private sealed class LocalSiloDetails(EmbeddedSilo silo) : ILocalSiloDetails
    {
        public string Name => silo.Name;

        public string ClusterId => silo.Cluster.Options.ClusterId;

        public SiloAddress SiloAddress => silo.Address;
    }

    private sealed class SiloMetadataCache(EmbeddedCluster cluster) : ISiloMetadataCache
    {
        public SiloMetadata GetSiloMetadata(SiloAddress siloAddress) => cluster.MetadataOf(siloAddress);
    }
}
