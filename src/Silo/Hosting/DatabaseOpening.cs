using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Silo.Cluster;
using Kimura.Silo.Configuration;
using Kimura.Silo.Repair;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.Postgres;
using Kimura.Storage.RocksDb;
using Kimura.Storage.SignGuard;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

/// <summary>
/// Opens the database and checks the chain in it. A mismatch is mended from peers where they have the true bytes; a database whose own files
/// are damaged is built anew; what neither can help with stops the node (protocol section 5).
/// </summary>
internal sealed class DatabaseOpening(
    NodeConfiguration configuration,
    NodePorts ports,
    BlockSigner? signer,
    PublicKey? clusterKey,
    PostgresLog? shared,
    ISignGuard? guard,
    RepairSession session,
    ILoggerFactory logging)
{
    // A database that is damaged again as soon as it was built anew is on a disk that should not be used.
    private const int MaxRescues = 2;

    private readonly ILogger _logger = logging.CreateLogger<NodeStorage>();
    private readonly DatabaseFolders? _folders = ports.Files.Folders;

    private string RestoreCommand =>
        $"python3 blockchain.py backup restore --db-path {configuration.DbPath} --backup-dir {configuration.BackupDirectory ?? "BACKUPS"} --replace";

    /// <exception cref="StorageException">One line that names what differs, and how a backup is put back.</exception>
    public async Task<(IKeyValueStore Store, ChainStore Chain, ProducerSchedule Producers)> RunAsync(CancellationToken cancellationToken)
    {
        _folders?.FinishInterrupted(ports.Time.GetUtcNow());
        try
        {
            for (var rescues = 0; ; rescues++)
            {
                try
                {
                    return await OpenAsync(cancellationToken);
                }
                catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt && _folders is not null && rescues < MaxRescues)
                {
                    var rescue = new DatabaseRescue(configuration, _folders, ProducersOf(), session, guard, ports.Time, logging.CreateLogger<DatabaseRescue>());
                    await rescue.RunAsync(damage, cancellationToken);
                }
            }
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            throw new StorageException(
                StorageFault.Corrupt, $"{damage.Message}: {RestoreCommand}", damage);
        }
    }

    private async Task<(IKeyValueStore Store, ChainStore Chain, ProducerSchedule Producers)> OpenAsync(CancellationToken cancellationToken)
    {
        IKeyValueStore? store = null;
        ChainStore? chain = null;
        try
        {
            store = await ports.Files.OpenStoreAsync();
            if (_folders?.ReadDamage() is { } noted)
            {
                throw new StorageException(StorageFault.Corrupt, noted) { InFiles = true };
            }

            if (signer is null && clusterKey is null && configuration.LeaderKeys.Count == 0 && await ChainStoreOpening.PeekTipAsync(store) is { } tip)
            {
                ports.Files.MendPin(tip.Header);
            }

            var producers = ProducersOf();
            chain = await ChainStoreOpening.OpenAsync(
                store, configuration.Chain, guard, configuration.AcceptLostBlocks, canFetch: shared is not null || configuration.LeaderAddresses.Count > 0);
            if (shared is not null)
            {
                await LogComparison.CheckAsync(shared, chain, guard);
            }

            CheckKnown(producers, chain);
            CheckNextProducer(producers, signer, chain.Tip.Height + 1);
            chain.Mender = session.HasPeers
                ? new ChainMender(chain, producers, session, ports.Files, instruments: null, logging.CreateLogger<ChainMender>(), cancellationToken)
                : null;
            await new IntegrityCheck(store, chain, producers, ports.Workers, _logger).RunAsync(configuration.Verify, cancellationToken);
            chain.Mender = null;
            return (store, chain, producers);
        }
        catch
        {
            chain?.Dispose();
            if (store is not null)
            {
                await store.DisposeAsync();
            }

            throw;
        }
    }

    private ProducerSchedule ProducersOf() =>
        configuration.LeaderKeys.Count > 0 ? new ProducerSchedule(configuration.LeaderKeys)
        : (signer?.PublicKey ?? clusterKey ?? ports.Files.ReadPin()) is { } key ? new ProducerSchedule(key)
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
