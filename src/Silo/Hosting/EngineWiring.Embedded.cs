using Kimura.Embedded.Hosting;
using Kimura.Grains;
using Kimura.Grains.Cluster;
using Kimura.Grains.Placement;
using Kimura.Silo.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Placement;
using Orleans.Storage;

namespace Kimura.Silo.Hosting;

/// <summary>The embedded engine's wiring: one silo in this process.</summary>
internal static class EngineWiring
{
    public const string Name = "embedded";

    /// <summary>Silos and clients of other processes reach this one.</summary>
    public const bool HasTransport = false;

    public static void Add(IHostApplicationBuilder builder, NodeConfiguration configuration, NodePorts ports)
    {
        // Several silos in one process are given the cluster that they share.
        var cluster = builder.Services.LastOrDefault(service => service.ServiceType == typeof(EmbeddedCluster))?.ImplementationInstance as EmbeddedCluster
            ?? new EmbeddedCluster(new EmbeddedClusterOptions { Scheduler = ports.Scheduler, TimeProvider = ports.Time });
        builder.Services
            .AddKeyedSingleton(NodeOptions.GrainStorage, static (provider, _) => provider.GetRequiredService<IGrainStorage>())
            .AddSingleton<ILivingSilos>(new RunningSilos(cluster))
            .AddPlacementFilter<OwnSiloStrategy, OwnSiloDirector>(ServiceLifetime.Singleton)
            .AddPlacementFilter<LeaderSiloStrategy, LeaderSiloDirector>(ServiceLifetime.Singleton)
            .AddEmbeddedSilo(cluster, silo =>
            {
                silo.Name = configuration.SiloName;
                silo.AddGrains(typeof(NodeOptions).Assembly);
                silo.DeactivationTimeout = TimeSpan.FromSeconds(3);
                silo.Metadata[OwnSiloDirector.MetadataKey] = configuration.SiloName;
                silo.Metadata[LeaderSiloDirector.MetadataKey] = configuration.IsLeader ? "true" : "false";
            })
            .AddHostedService<SiloService>();
    }

    private sealed class RunningSilos(EmbeddedCluster cluster) : ILivingSilos
    {
        public IEnumerable<string> Names => cluster.RunningSilos.Select(silo => silo.Name);
    }

    private sealed class SiloService(EmbeddedSilo silo) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => silo.StartAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => silo.StopAsync(cancellationToken);
    }
}
