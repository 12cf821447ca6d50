using Kimura.Grains;
using Kimura.Grains.Intake;
using Kimura.Grains.Leader;
using Kimura.Grains.Pool;
using Kimura.Silo.Cluster;
using Kimura.Silo.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Kimura.Silo.Hosting;

/// <summary>
/// The parts of a node, but for its gateway, upon the ports that it is given: the same in production and in simulation. The hosted services
/// among them start in their order and stop in the reverse one; all of them run on the ports' scheduler.
/// </summary>
internal static class NodeWiring
{
    public static void Add(IHostApplicationBuilder builder, NodeConfiguration configuration, NodeStorage storage, NodePorts ports)
    {
        var services = builder.Services;
        services
            .AddSingleton(ports.Time).AddSingleton(ports.Workers).AddSingleton(ports.Files)
            .AddSingleton(storage.Store).AddSingleton(storage.Chain).AddSingleton(configuration.Chain);
        ClusterWiring.Add(services, storage.Chain, storage.Shared, configuration.ClusterDb);
        if (storage.Signer is not null)
        {
            services.AddSingleton(storage.Signer);
        }

        services.AddSingleton(new NodeOptions
        {
            SiloName = configuration.SiloName,
            IsLeader = configuration.IsLeader,
            Producers = storage.Producers,
            BlockInterval = configuration.BlockInterval,
            Engine = EngineWiring.Name,
            Version = KimuraNode.Version,
            PendingLimit = configuration.PendingLimit,
            PendingBytesLimit = configuration.PendingBytesLimit,
            PendingSenderLimit = configuration.PendingSenderLimit,
        });
        services.AddMetrics().AddSingleton<LeaderInstruments>().AddSingleton<PoolInstruments>().AddSingleton<IntakeInstruments>();
        EngineWiring.Add(builder, configuration, ports);
        NetworkWiring.Add(services, configuration, storage.Identity, ports);
        ClusterWiring.AddTail(services, storage.Shared);
        RepairWiring.Add(services, configuration, storage.Producers);
        if (configuration.IsLeader)
        {
            services.AddSingleton<LeaderKeepAlive>();
        }
    }
}
