using Kimura.Grains.Cluster;
using Kimura.Grains.Network;
using Kimura.Storage.GrainState;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Kimura.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Kimura.Silo.Cluster;

/// <summary>Where blocks, pending messages and grain state go: to the node's own store where it runs alone, to the shared log in a cluster.</summary>
internal static class ClusterWiring
{
    /// <summary>The one choice between the two; the hosted service that follows the log is added with the others by <see cref="AddTail"/>.</summary>
    public static void Add(IServiceCollection services, ChainStore chain, ISharedLog? shared, ClusterDatabase? database)
    {
        if (shared is null)
        {
            services.AddSingleton<IChainLog>(chain).AddSingleton<IGrainStorage, KeyValueGrainStorage>();
            return;
        }

        services
            .AddSingleton(shared).AddSingleton<ReplicaFeed>().AddSingleton<ClusterView>().AddSingleton<ClusterInstruments>()
            .AddSingleton<LeaderHost>().AddSingleton<ILeaderHost>(provider => provider.GetRequiredService<LeaderHost>())
            .AddSingleton<IChainLog, ReplicatedLog>()
            .AddSingleton<ILeaderReads, LogReads>()
            .AddSingleton<IGrainStorage>(_ => new PostgresGrainStorage(database!));
    }

    /// <summary>After the silo and the network, before whoever calls the leader.</summary>
    public static void AddTail(IServiceCollection services, ISharedLog? shared)
    {
        if (shared is not null)
        {
            services.AddHostedService<LogTail>();
        }
    }
}
