using Kimura.Grains.Leader;
using Kimura.Grains.Network;
using Kimura.Libp2p;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Configuration;
using Kimura.Silo.Network;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

/// <summary>The network's parts, and which ports of the grains they fill.</summary>
internal static class NetworkWiring
{
    public static void Add(IServiceCollection services, NodeConfiguration configuration, Identity identity, NodePorts ports)
    {
        services
            .AddSingleton(new NetworkOptions
            {
                Listen = configuration.Listen,
                Peers = configuration.LeaderAddresses,
                WithBodies = configuration.WithBodies,
            })
            .AddSingleton(provider => new Libp2pHost(new HostOptions
            {
                Identity = identity,
                Transport = ports.Transport,
                Time = ports.Time,
                FillRandom = ports.FillRandom,
                Scheduler = ports.Scheduler,
                Listen = [configuration.Listen],
                Agent = $"kimura/{KimuraNode.Version}",
                ProtocolVersion = "kimura/1",
                Logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("Kimura.Libp2p"),
            }))
            .AddSingleton(GossipOptionsOf)
            .AddSingleton<GossipSub>()
            .AddSingleton(provider => new BackgroundWork(ports.Scheduler, provider.GetRequiredService<ILogger<BackgroundWork>>()))
            .AddSingleton<PeerBook>().AddSingleton<LeaderBook>().AddSingleton<LeaderPin>().AddSingleton<NetworkInstruments>().AddSingleton<Conduct>()
            .AddSingleton<BlocksInHand>().AddSingleton<SyncServer>().AddSingleton<SyncClient>().AddSingleton<SubmitServer>()
            .AddSingleton<StatusService>().AddSingleton<Follower>().AddSingleton<GossipBridge>().AddSingleton<NodeNetwork>()
            .AddSingleton<INetworkView>(provider => provider.GetRequiredService<NodeNetwork>())
            .AddHostedService(provider => provider.GetRequiredService<NodeNetwork>());
        if (configuration.IsLeader)
        {
            services.AddSingleton<ProductionGate>();
        }
        else if (configuration.ClusterDb is null)
        {
            services
                .AddSingleton(static provider => ActivatorUtilities.CreateInstance<LeaderLink>(provider, provider.GetRequiredService<SubmitServer>().Protocol))
                .AddSingleton<ILeaderLink>(static provider => provider.GetRequiredService<LeaderLink>())
                .AddSingleton<ILeaderReads>(static provider => provider.GetRequiredService<LeaderLink>())
                .AddSingleton<IBodySource, BodySource>();
        }
    }

    private static GossipOptions GossipOptionsOf(IServiceProvider provider)
    {
        var instruments = provider.GetRequiredService<NetworkInstruments>();
        return new GossipOptions
        {
            Score = new ScoreOptions { Application = provider.GetRequiredService<PeerBook>().ScoreOf },
            Oversized = _ => instruments.Judged("too_large", "gossip"),
        };
    }
}
