using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kimura.Grains;
using Kimura.Grains.Cluster;
using Kimura.Grains.Placement;
using Kimura.Interfaces;
using Kimura.Silo.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;
using Orleans.Storage;

namespace Kimura.Silo.Hosting;

/// <summary>The Orleans engine's wiring: a silo that others can join and clients can call (docs/decisions/orleans-settings.md has the why of each number).</summary>
internal static class EngineWiring
{
    public const string Name = "orleans";

    /// <summary>Silos and clients of other processes reach this one.</summary>
    public const bool HasTransport = true;

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DeactivationTimeout = TimeSpan.FromSeconds(3);

    // A killed silo is declared dead after about so many probes.
    private const int MissedProbes = 3;
    private static readonly TimeSpan VoteLife = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan TableRefresh = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefunctLife = TimeSpan.FromDays(1);

    public static void Add(IHostApplicationBuilder builder, NodeConfiguration configuration, NodePorts ports)
    {
        var endpoints = Ports.Complete(configuration.Silo);
        builder.UseOrleans(silo =>
        {
            UseClustering(silo, configuration);
            silo.ConfigureEndpoints(endpoints.Address, endpoints.Port, endpoints.GatewayPort);
            silo.Configure<SiloOptions>(options => options.SiloName = configuration.SiloName);
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout);
            silo.Configure<GrainCollectionOptions>(options => options.DeactivationTimeout = DeactivationTimeout);
            silo.UseSiloMetadata(new Dictionary<string, string>
            {
                [OwnSiloDirector.MetadataKey] = configuration.SiloName,
                [LeaderSiloDirector.MetadataKey] = configuration.IsLeader ? "true" : "false",
            });
            // Failures of ours reach a caller in another process as what they are.
            silo.Services.Configure<ExceptionSerializationOptions>(static options => options.SupportedNamespacePrefixes.Add(nameof(Kimura)));

            // Grains follow the node's clock; what keeps the cluster together, and its limits, the real one, whatever a test makes of the other.
            silo.Services
                .AddSingleton<IFatalErrorHandler, Expulsion>()
                .AddSingleton<ILivingSilos, ActiveSilos>()
                .AddKeyedSingleton(KeyedService.AnyKey, static (_, _) => TimeProvider.System)
                .AddKeyedSingleton(TimeProviderNames.Grains, ports.Time)
                .AddGrainStorage(NodeOptions.GrainStorage, static (provider, _) => provider.GetRequiredService<IGrainStorage>())
                .AddPlacementFilter<OwnSiloStrategy, OwnSiloDirector>(ServiceLifetime.Singleton)
                .AddPlacementFilter<LeaderSiloStrategy, LeaderSiloDirector>(ServiceLifetime.Singleton);
        });
    }

    private static void UseClustering(ISiloBuilder silo, NodeConfiguration configuration)
    {
        silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = configuration.ClusterId);
        if (configuration.ClusterDb is not { } database)
        {
            // Alone: the list of the living is in this process.
            silo.UseLocalhostClustering();
            return;
        }

        silo.UseAdoNetClustering((AdoNetClusteringSiloOptions options) =>
        {
            options.Invariant = "Npgsql";
            options.ConnectionString = MembershipDatabase.ConnectionString(database.ConnectionString);
        });
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = configuration.Silo.Probe;
            options.NumMissedProbesLimit = MissedProbes;
            options.EnableIndirectProbes = false;
            options.TableRefreshTimeout = TableRefresh;
            options.IAmAliveTablePublishTimeout = SignOfLife;
            options.DeathVoteExpirationTimeout = VoteLife;
            options.DefunctSiloExpiration = DefunctLife;
        });
        silo.Services.AddHostedService<SiloWatch>();
    }

    private sealed class ActiveSilos(ISiloStatusOracle membership) : ILivingSilos
    {
        public IEnumerable<string> Names => membership.GetApproximateSiloStatuses(onlyActive: true).Keys
            .Select(silo => membership.TryGetSiloName(silo, out var name) ? name : silo.ToString());
    }

    // Orleans makes an address of the port before it listens there, so a free one is found first; who takes it in between fails the start.
    private static class Ports
    {
        // Below the ports that systems give to outgoing connections: of those, one is soon taken again.
        private const int First = 10_000;
        private const int Last = 32_000;
        private const int MaxTries = 100;

        public static SiloLinks Complete(SiloLinks asked)
        {
            using var first = Probe(asked.Address, asked.Port);
            using var second = Probe(asked.Address, asked.GatewayPort);
            return asked with { Port = PortOf(first), GatewayPort = PortOf(second) };
        }

        private static Socket Probe(IPAddress address, int port)
        {
            for (var tries = 1; ; tries++)
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.Bind(new IPEndPoint(address, port > 0 ? port : RandomNumberGenerator.GetInt32(First, Last)));
                    return socket;
                }
                catch (SocketException) when (port == 0 && tries < MaxTries)
                {
                    socket.Dispose();
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        }

        private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
