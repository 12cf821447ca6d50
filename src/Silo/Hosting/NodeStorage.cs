using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Configuration;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.SignGuard;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

/// <summary>The node's key, sign guard and database: opened and checked together, closed together.</summary>
internal sealed class NodeStorage : IAsyncDisposable
{
    private readonly ISignGuard? _guard;

    private NodeStorage(Identity identity, BlockSigner? signer, ISignGuard? guard, ProducerSchedule producers, IKeyValueStore store, ChainStore chain)
    {
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

    public static async Task<NodeStorage> OpenAsync(
        NodeConfiguration configuration, NodePorts ports, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        var logger = logging.CreateLogger<NodeStorage>();
        var files = ports.Files;
        var identity = files.LoadIdentity();
        var signer = configuration.IsLeader ? files.LoadSigner() : null;
        ISignGuard? guard = null;
        IKeyValueStore? store = null;
        ChainStore? chain = null;
        try
        {
            var producers = ProducersOf(configuration, signer, files);
            store = await files.OpenStoreAsync();
            guard = signer is null ? null : files.OpenGuard();
            chain = await ChainStoreOpening.OpenAsync(
                store, configuration.Chain, guard, configuration.AcceptLostBlocks, canFetch: configuration.LeaderAddresses.Count > 0);
            CheckKnown(producers, chain);
            CheckNextProducer(producers, signer, chain.Tip.Height + 1);
            await new IntegrityCheck(store, chain, producers, ports.Workers, logger).RunAsync(configuration.Verify, cancellationToken);
            return new NodeStorage(identity, signer, guard, producers, store, chain);
        }
        catch
        {
            chain?.Dispose();
            if (store is not null)
            {
                await store.DisposeAsync();
            }

            guard?.Dispose();
            signer?.Dispose();
            identity.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Chain.Dispose();
        await Store.DisposeAsync();
        _guard?.Dispose();
        Signer?.Dispose();
        Identity.Dispose();
    }

    private static ProducerSchedule ProducersOf(NodeConfiguration configuration, BlockSigner? signer, INodeFiles files) =>
        configuration.LeaderKeys.Count > 0 ? new ProducerSchedule(configuration.LeaderKeys)
        : (signer?.PublicKey ?? files.ReadPin()) is { } key ? new ProducerSchedule(key)
        : ProducerSchedule.Unknown();

    private static void CheckKnown(ProducerSchedule producers, ChainStore chain)
    {
        if (!producers.IsKnown && chain.Tip.Height > 0)
        {
            throw new ConfigurationException(
                $"--{OptionTable.LeaderKey}: the database holds blocks, but no leader key was ever pinned for it: say whose blocks they are");
        }
    }

    private static void CheckNextProducer(ProducerSchedule producers, BlockSigner? signer, ulong next)
    {
        if (signer is not null && producers.KeyAt(next) != signer.PublicKey)
        {
            throw new ConfigurationException(
                $"--{OptionTable.LeaderKey}: block {next} must be made by {producers.KeyAt(next)}, but the key file holds {signer.PublicKey}");
        }
    }
}
