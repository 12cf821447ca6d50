using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Cluster;
using Kimura.Silo.Configuration;
using Kimura.Silo.Repair;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.Postgres;
using Kimura.Storage.SignGuard;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

/// <summary>The node's key, sign guard and database: opened and checked together, closed together.</summary>
internal sealed class NodeStorage : IAsyncDisposable
{
    private readonly ISignGuard? _guard;

    private NodeStorage(
        Identity identity, BlockSigner? signer, ISignGuard? guard, ProducerSchedule producers, IKeyValueStore store, ChainStore chain, PostgresLog? shared)
    {
        Shared = shared;
        Identity = identity;
        Signer = signer;
        _guard = guard;
        Producers = producers;
        Store = store;
        Chain = chain;
    }

    /// <summary>The leader's key; null on a node that does not lead.</summary>
    public BlockSigner? Signer { get; }

    /// <summary>The node's name in the network.</summary>
    public Identity Identity { get; }

    public ProducerSchedule Producers { get; }

    public IKeyValueStore Store { get; }

    public ChainStore Chain { get; }

    /// <summary>The cluster's log, of which the store is a replica; null on a node that runs alone.</summary>
    public PostgresLog? Shared { get; }

    public static async Task<NodeStorage> OpenAsync(
        NodeConfiguration configuration, NodePorts ports, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        var logger = logging.CreateLogger<NodeStorage>();
        var files = ports.Files;
        var identity = files.LoadIdentity();
        BlockSigner? signer = null;
        PostgresLog? shared = null;
        ISignGuard? guard = null;
        try
        {
            var clusterKey = default(PublicKey?);
            if (configuration.ClusterDb is { } database)
            {
                shared = await ClusterLog.OpenAsync(configuration, database, ports.Time, logger, cancellationToken);
                ClusterLog.CheckKeyFile(configuration, await shared.AgreeOnLeaderKeyAsync(null));
            }

            signer = configuration.IsLeader ? files.LoadSigner() : null;
            if (shared is not null)
            {
                clusterKey = await ClusterLog.AgreeAsync(configuration, shared, signer?.PublicKey);
            }

            guard = signer is null ? null : files.OpenGuard();
            await using var session = new RepairSession(identity, configuration, ports, logging);
            var opening = new DatabaseOpening(configuration, ports, signer, clusterKey, shared, guard, session, logging);
            var (store, chain, producers) = await opening.RunAsync(cancellationToken);
            return new NodeStorage(identity, signer, guard, producers, store, chain, shared);
        }
        catch
        {
            guard?.Dispose();
            if (shared is not null)
            {
                await shared.DisposeAsync();
            }

            signer?.Dispose();
            identity.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Chain.Dispose();
        await Store.DisposeAsync();
        if (Shared is not null)
        {
            await Shared.DisposeAsync();
        }

        _guard?.Dispose();
        Signer?.Dispose();
        Identity.Dispose();
    }
}
