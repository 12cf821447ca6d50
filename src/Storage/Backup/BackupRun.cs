using Kimura.Chain;
using Kimura.Storage.RocksDb.LogScan;
using Microsoft.Extensions.Logging;

namespace Kimura.Storage.Backup;

/// <summary>What a backup has come to.</summary>
/// <param name="Manifest">The backup.</param>
/// <param name="NewObjects">Files that had to be stored.</param>
/// <param name="NewBytes">Bytes that they take.</param>
/// <param name="Deleted">The backups that were deleted because newer ones are kept.</param>
public sealed record BackupResult(BackupManifest Manifest, int NewObjects, long NewBytes, IReadOnlyList<string> Deleted);

/// <summary>
/// Makes a backup of a checkpoint: a directory with an openable copy of a database, which nobody else changes. Interrupted at any
/// moment it leaves the older backups as they are and nothing that looks like a new one; what it has stored by then is used or
/// deleted by the next run.
/// </summary>
public sealed class BackupRun(BackupDirectory directory, TimeProvider time, ILogger logger)
{
    // For the manifest, directories, and whoever else writes on that disk.
    private const long SpareBytes = 16 << 20;

    /// <summary>Says how far it is; of bytes that are read.</summary>
    public BackupProgress? Progress { get; init; }

    /// <summary>How many backups are kept, the new one counted; null: all of them.</summary>
    public int? Keep { get; init; }

    /// <summary>The version of the node, for the manifest.</summary>
    public string NodeVersion { get; init; } = "";

    /// <summary>Whose blocks the node believes; where it has no schedule, the key that made the last block is noted.</summary>
    public IReadOnlyList<LeaderKeyFrom> LeaderKeys { get; init; } = [];

    /// <summary>Makes the backup. Takes its time: not to be called where others wait.</summary>
    /// <exception cref="StorageException">
    /// Corrupt: the copy is damaged. Refused: the directory holds another chain's backups. Failed: no room, or a disk's error.
    /// </exception>
    public BackupResult Create(string checkpoint, CancellationToken cancellation = default)
    {
        try
        {
            directory.CleanIncoming();
            return CreateClean(checkpoint, cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Where a disk is full, what was stored for nothing must not stay.
            directory.CleanIncoming();
            directory.DeleteUnused(new HashSet<Hash32>());
            throw new StorageException(StorageFault.Failed, $"the backup to {directory.Root} failed: {exception.Message}", exception);
        }
    }

    private BackupResult CreateClean(string checkpoint, CancellationToken cancellation)
    {
        var names = Directory.EnumerateFiles(checkpoint).Select(path => Path.GetFileName(path)!).Where(IsOfDatabase).Order(StringComparer.Ordinal).ToList();

        // The copy of the newest log may end inside a write that was under way.
        LogScanner.Run(checkpoint, logger);
        var (facts, producer) = ChainFacts.Read(checkpoint);
        var backups = directory.List();
        RequireSameChain(backups, facts);
        var sizes = names.ToDictionary(name => name, name => new FileInfo(Path.Combine(checkpoint, name)).Length);

        // Read twice where it must be stored.
        var count = new ProgressCount(Progress, sizes.Values.Sum());
        var hashes = names.ToDictionary(name => name, name => BackupObject.Hash(Path.Combine(checkpoint, name), bytes => count.Add(bytes), cancellation));
        directory.DeleteUnused(hashes.Values.ToHashSet());
        var absent = names.Where(name => !IsStored(hashes[name], cancellation)).DistinctBy(name => hashes[name]).ToList();
        RequireSpace(absent.Sum(name => sizes[name]));
        var newBytes = 0L;
        foreach (var name in absent)
        {
            newBytes += directory.AddObject(Path.Combine(checkpoint, name), hashes[name], cancellation);
        }

        var manifest = new BackupManifest
        {
            Name = "",
            Created = default,
            NodeVersion = NodeVersion,
            Chain = facts,
            LeaderKeys = LeaderKeys.Count > 0 || producer is not { } key ? LeaderKeys : [new LeaderKeyFrom(0, key)],
            Files = [.. names.Select(name => new BackupFile(name, sizes[name], hashes[name], StoredSize(hashes[name])))],
        };
        manifest = Name(manifest, backups);
        directory.AddManifest(manifest);
        return new BackupResult(manifest, absent.Count, newBytes, DeleteOld(manifest));
    }

    private static bool IsOfDatabase(string name) =>
        name is "CURRENT" || name.StartsWith("MANIFEST-", StringComparison.Ordinal) || name.StartsWith("OPTIONS-", StringComparison.Ordinal)
        || Path.GetExtension(name) is ".sst" or ".log" or ".blob";

    private static void RequireSameChain(IReadOnlyList<BackupEntry> backups, ChainFacts facts)
    {
        if (backups.FirstOrDefault(backup => backup.Manifest is { } other && other.Chain.GenesisHash != facts.GenesisHash) is { } stranger)
        {
            throw new StorageException(
                StorageFault.Refused,
                $"backup {stranger.Name} is of another chain (genesis {stranger.Manifest!.Chain.GenesisHash}, not {facts.GenesisHash}): give each chain a backup directory of its own");
        }
    }

    // An object that has rotted is no part of a new backup: it is stored anew, which mends the older ones too.
    private bool IsStored(Hash32 hash, CancellationToken cancellation) =>
        BackupObject.FindDamage(directory.PathOf(BackupDirectory.ObjectName(hash)), _ => { }, cancellation) is null;

    private long StoredSize(Hash32 hash) => new FileInfo(directory.PathOf(BackupDirectory.ObjectName(hash))).Length;

    private void RequireSpace(long bytes)
    {
        var free = directory.FreeSpace();
        if (free < bytes + SpareBytes)
        {
            throw new StorageException(
                StorageFault.Failed,
                $"no room for the backup: up to {bytes} bytes are to be stored and {SpareBytes} left free, but {directory.Root} has {free}: make room, or keep fewer backups");
        }
    }

    // Two backups of one millisecond get two names.
    private BackupManifest Name(BackupManifest manifest, IReadOnlyList<BackupEntry> backups)
    {
        var created = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        while (backups.Any(backup => backup.Name == ManifestCodec.NameOf(created, manifest.Chain.Height)))
        {
            created = created.AddMilliseconds(1);
        }

        return manifest with { Created = created, Name = ManifestCodec.NameOf(created, manifest.Chain.Height) };
    }

    // The new one is never among them, whatever the clock says of it. A damaged one goes when enough good ones are newer.
    private List<string> DeleteOld(BackupManifest made)
    {
        if (Keep is not { } keep)
        {
            return [];
        }

        var old = new List<string>();
        var good = 1;
        foreach (var backup in directory.List().Reverse().Where(backup => backup.Name != made.Name))
        {
            if (good >= keep)
            {
                old.Add(backup.Name);
            }

            good += backup.Manifest is null ? 0 : 1;
        }

        if (old.Count > 0)
        {
            directory.DeleteManifests(old);
            directory.DeleteUnused(new HashSet<Hash32>());
        }

        return old;
    }
}
