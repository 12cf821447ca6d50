using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Durability;
using Kimura.Storage.Ledger;
using Kimura.Storage.RocksDb;
using Microsoft.Extensions.Logging;

namespace Kimura.Storage.Backup;

/// <summary>Where a restore put what.</summary>
/// <param name="Height">The last block's height.</param>
/// <param name="TipHash">Its hash.</param>
/// <param name="Pending">Messages that are pending there.</param>
/// <param name="MovedAside">Where the database lies that was there before; null where none was.</param>
public sealed record RestoreResult(ulong Height, BlockHash TipHash, int Pending, string? MovedAside);

/// <summary>
/// Puts a backup's database in place. It is made whole beside its place, checked against its checksums, opened and shortened there, and
/// moved in as the last step: interrupted at any moment, nothing that looks like a database is left half made.
/// </summary>
public sealed class BackupRestore(BackupDirectory directory, TimeProvider time, ILogger logger)
{
    private const long SpareBytes = 16 << 20;

    /// <summary>Says how far it is; of bytes that are read.</summary>
    public BackupProgress? Progress { get; init; }

    /// <summary>Told each height while blocks are removed.</summary>
    public Action<ulong>? Removed { get; init; }

    /// <summary>Moves a database that is there aside, instead of refusing.</summary>
    public bool Replace { get; init; }

    /// <summary>Restores to the backup's last block, or to a lower height.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="database">The database's directory: absent, or empty, or replaced.</param>
    /// <param name="height">The last block to have; null for all that the backup holds.</param>
    /// <param name="cancellation">Ends it; nothing is changed then.</param>
    /// <exception cref="StorageException">Refused: a database is there, or the backup ends lower. Corrupt: the backup is damaged.
    /// Locked: a node runs there. Failed: no room, or a disk's error.</exception>
    public async Task<RestoreResult> RunAsync(BackupManifest backup, string database, ulong? height, CancellationToken cancellation = default)
    {
        if (height > backup.Chain.Height)
        {
            throw new StorageException(StorageFault.Refused, $"backup {backup.Name} ends at height {backup.Chain.Height}, below {height}: choose a newer backup or a lower height");
        }

        database = Path.GetFullPath(database);
        var unfinished = database + ".restoring";
        try
        {
            BackupFiles.CreateDirectory(Path.GetDirectoryName(database)!);
            using var there = HoldExisting(database);
            BackupFiles.CreateDirectory(unfinished);
            using (DirectoryLock.Take(unfinished))
            {
                Begin(unfinished, backup);
                Extract(backup, unfinished, cancellation);
            }

            var (tip, pending) = await ShortenAsync(backup, unfinished, height ?? backup.Chain.Height, cancellation);
            return new RestoreResult(tip.Height, tip.Hash, pending, MoveIn(unfinished, database));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageFault.Failed, $"the restore into {database} failed: {exception.Message}", exception);
        }
    }

    /// <summary>Decodes a backup's files into an empty directory, synced, each checked.</summary>
    /// <exception cref="StorageException">Corrupt: an object is damaged; the line names backup and file.</exception>
    public void Extract(BackupManifest backup, string target, CancellationToken cancellation)
    {
        var count = new ProgressCount(Progress, backup.Files.Sum(file => file.StoredSize));
        foreach (var file in backup.Files)
        {
            using var output = BackupFiles.Create(Path.Combine(target, file.Name));
            var name = BackupDirectory.ObjectName(file.Hash);
            if (BackupObject.Extract(directory.PathOf(name), file, output, bytes => count.Add(bytes), cancellation) is { } fault)
            {
                throw new StorageException(
                    StorageFault.Corrupt, $"{new BackupDamage(backup.Name, name, $"(the database's {file.Name}) {fault}")}; choose another backup with --backup");
            }

            output.Flush(flushToDisk: true);
        }

        DirectorySync.Sync(target);
    }

    // A node that runs there is found out before anything is done.
    private DirectoryLock? HoldExisting(string database)
    {
        if (HoldsFiles(database) && !Replace)
        {
            throw new StorageException(
                StorageFault.Refused, $"{database} holds a database, which is not overwritten: name another --db-path, or give --replace to move it aside");
        }

        return Directory.Exists(database) ? DirectoryLock.Take(database) : null;
    }

    private static bool HoldsFiles(string database) => Directory.Exists(database) && FilesOf(database).Any();

    private static IEnumerable<string> FilesOf(string database) =>
        Directory.EnumerateFileSystemEntries(database).Where(path => Path.GetFileName(path) != DirectoryLock.FileName);

    private static void Begin(string unfinished, BackupManifest backup)
    {
        // Of an earlier restore that did not end.
        foreach (var path in FilesOf(unfinished))
        {
            File.Delete(path);
        }

        var free = new DriveInfo(unfinished).AvailableFreeSpace;
        if (free < backup.Size + SpareBytes)
        {
            throw new StorageException(
                StorageFault.Failed, $"no room for the database: it takes {backup.Size} bytes with {SpareBytes} left free, but {unfinished} has {free}");
        }
    }

    private async Task<(Block Tip, int Pending)> ShortenAsync(
        BackupManifest backup, string unfinished, ulong height, CancellationToken cancellation)
    {
        await using var store = await RocksDbStore.OpenAsync(unfinished, logger);
        await new ChainTruncation(store) { Progress = Removed }.RunAsync(height, cancellation);
        using var chain = await ChainStoreOpening.OpenAsync(store, new ChainParameters(backup.Chain.ChainId), guard: null);
        return height < backup.Chain.Height || chain.Tip.Hash == backup.Chain.TipHash
            ? (chain.Tip, chain.PendingCount)
            : throw new StorageException(StorageFault.Corrupt, $"backup {backup.Name}: its database ends with block {chain.Tip.Hash}, its manifest says {backup.Chain.TipHash}");
    }

    private string? MoveIn(string unfinished, string database)
    {
        string? aside = null;
        if (HoldsFiles(database))
        {
            aside = $"{database}.replaced-{time.GetUtcNow().UtcDateTime:yyyyMMdd'T'HHmmss'Z'}";
            Directory.Move(database, aside);
        }
        else if (Directory.Exists(database))
        {
            Directory.Delete(database, recursive: true);
        }

        WriteSite.Before("restore rename");
        Directory.Move(unfinished, database);
        WriteSite.After("restore rename");
        DirectorySync.Sync(Path.GetDirectoryName(database)!);
        return aside;
    }
}
