using System.Security.Cryptography;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Kimura.Cryptography;
using Kimura.Durability;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Configuration;
using Kimura.Silo.Network;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.RocksDb;
using Kimura.Storage.SignGuard;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

/// <summary>The node's key, sign guard and database: opened and checked together, closed together.</summary>
internal sealed partial class NodeStorage : IAsyncDisposable
{
    private readonly FileSignGuard? _guard;

    private NodeStorage(Identity identity, BlockSigner? signer, FileSignGuard? guard, ProducerSchedule producers, RocksDbStore store, ChainStore chain)
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
        NodeConfiguration configuration, IWorkers workers, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        var logger = logging.CreateLogger<NodeStorage>();
        CreateDirectory(configuration.DbPath);
        var identity = PeerIdentity.Load(configuration.PeerKeyPath);
        var signer = configuration.IsLeader ? LoadKey(configuration, logger) : null;
        FileSignGuard? guard = null;
        RocksDbStore? store = null;
        ChainStore? chain = null;
        try
        {
            var producers = ProducersOf(configuration, signer);
            store = await RocksDbStore.OpenAsync(configuration.DatabaseDirectory, logger);
            guard = signer is null ? null : FileSignGuard.Open(configuration.GuardPath);
            chain = await ChainStoreOpening.OpenAsync(
                store, configuration.Chain, guard, configuration.AcceptLostBlocks, canFetch: configuration.LeaderAddresses.Count > 0);
            CheckKnown(producers, chain);
            CheckNextProducer(producers, signer, chain.Tip.Height + 1);
            await new IntegrityCheck(store, chain, producers, workers, logger).RunAsync(configuration.Verify, cancellationToken);
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

    private static void CreateDirectory(string path)
    {
        try
        {
            DirectorySync.CreateSynced(path, DurableFile.OwnerOnly | UnixFileMode.UserExecute);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--{OptionTable.DbPath}: {exception.Message}", exception);
        }
    }

    private static BlockSigner LoadKey(NodeConfiguration configuration, ILogger logger)
    {
        // A key file that was named must be there: making one in its place would start another chain of blocks unasked.
        if (configuration.KeyFile is not null || File.Exists(configuration.KeyPath))
        {
            return new BlockSigner(KeyFile.Load(configuration.KeyPath));
        }

        var key = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
        KeyFile.Create(configuration.KeyPath, key);
        LogKeyMade(logger, configuration.KeyPath);
        return new BlockSigner(key);
    }

    private static ProducerSchedule ProducersOf(NodeConfiguration configuration, BlockSigner? signer) =>
        configuration.LeaderKeys.Count > 0 ? new ProducerSchedule(configuration.LeaderKeys)
        : (signer?.PublicKey ?? LeaderPin.Read(configuration.PinPath)) is { } key ? new ProducerSchedule(key)
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Made a new leader key: {Path}. Keep a copy, and keep it secret")]
    private static partial void LogKeyMade(ILogger logger, string path);
}
