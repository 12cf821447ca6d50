using Kimura.Chain;
using Kimura.Silo.Configuration;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.Ledger.Mending;
using Kimura.Storage.RocksDb;
using Kimura.Storage.SignGuard;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Repair;

/// <summary>
/// Builds a database anew beside one that cannot be mended in its place, and puts it there (docs/decisions/self-repair.md). What proves itself is
/// taken over, the rest is fetched from peers: now where that is enough, or later, as by any node that is behind. What no peer has is
/// never left behind in silence.
/// </summary>
internal sealed partial class DatabaseRescue(
    NodeConfiguration configuration,
    DatabaseFolders folders,
    ProducerSchedule producers,
    RepairSession session,
    ISignGuard? guard,
    TimeProvider time,
    ILogger<DatabaseRescue> logger)
{
    /// <exception cref="StorageException">It cannot be done here: the damage, as it was found, with what is in the way.</exception>
    public async Task RunAsync(StorageException damage, CancellationToken cancellationToken)
    {
        LogBegun(logger, damage.Message);
        await using var old = await OpenOldAsync();
        if (old is null && (!session.HasPeers || configuration.IsLeader))
        {
            // A leader's pool is nowhere else: where it cannot be read, only a backup or its user can say what counts.
            throw damage;
        }

        try
        {
            await BuildAsync(old, damage, cancellationToken);
        }
        catch
        {
            folders.FinishInterrupted(time.GetUtcNow());
            throw;
        }

        if (old is not null)
        {
            await old.DisposeAsync();
        }

        LogReplaced(logger, folders.Replace(time.GetUtcNow()) ?? "(nowhere)", DatabaseFolders.MaxKept);
    }

    private async Task BuildAsync(RocksDbStore? old, StorageException damage, CancellationToken cancellationToken)
    {
        await using var store = await RocksDbStore.OpenAsync(folders.New, logger);
        using var chain = await ChainStoreOpening.OpenAsync(store, configuration.Chain, guard: null);
        if (old is not null)
        {
            await TakeOverAsync(old, store, chain, damage, cancellationToken);
        }
    }

    private async Task<RocksDbStore?> OpenOldAsync()
    {
        try
        {
            return await RocksDbStore.OpenAsync(configuration.DatabaseDirectory, logger);
        }
        catch (StorageException exception) when (exception.Fault == StorageFault.Corrupt)
        {
            return null;
        }
    }

    private async Task TakeOverAsync(IKeyValueStore old, IKeyValueStore store, ChainStore chain, StorageException damage, CancellationToken cancellationToken)
    {
        var peers = new PeerFetch(session, configuration.Chain, producers);
        var rebuild = new ChainRebuild(old, chain, producers, configuration.WithBodies, async height =>
            (await peers.BlockAsync(height, configuration.WithBodies, static _ => Task.FromResult(true), cancellationToken))?.Block);
        var missing = await rebuild.RunAsync(cancellationToken);
        LogTaken(logger, chain.Tip.Height, rebuild.Fetched);

        // What is missing is fetched by the running node, if it has somebody to ask, and a leader must know how far it had come.
        if (missing is { } height && (!session.HasPeers || (configuration.IsLeader && guard?.Last is null)))
        {
            LogNotComplete(logger, height);
            throw damage.InFiles
                ? new StorageException(StorageFault.Corrupt, $"block {height} cannot be read, and nobody could give it: {damage.Message}", damage) { InFiles = true }
                : damage;
        }

        if (configuration.IsLeader)
        {
            try
            {
                LogPending(logger, await LocalRecords.CopyPendingAsync(old, store, chain));
            }
            catch (StorageException exception) when (exception.Fault == StorageFault.Corrupt)
            {
                LogPoolLost(logger, exception.Message);
                throw damage;
            }
        }

        if (!await LocalRecords.CopyOthersAsync(old, store))
        {
            LogOthersLost(logger);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is damaged and is built anew: {What}")]
    private static partial void LogBegun(ILogger logger, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The new database reaches height {Height}; {Fetched} blocks were fetched from peers, the others were taken over and verified")]
    private static partial void LogTaken(ILogger logger, ulong height, int fetched);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} pending messages were carried over")]
    private static partial void LogPending(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The damaged database is kept in {Path}; of such ones the last {Count} are kept")]
    private static partial void LogReplaced(ILogger logger, string path, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Not built anew: block {Height} cannot be read, and nobody could give it")]
    private static partial void LogNotComplete(ILogger logger, ulong height);

    [LoggerMessage(Level = LogLevel.Error, Message = "Not built anew: pending messages that were answered cannot all be read ({Why})")]
    private static partial void LogPoolLost(ILogger logger, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not all of the grains' state and the evidence could be read: what is lost of it is begun anew")]
    private static partial void LogOthersLost(ILogger logger);
}
