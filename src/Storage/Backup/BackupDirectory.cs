using Kimura.Chain;
using Kimura.Durability;

namespace Kimura.Storage.Backup;

/// <summary>A backup as a directory shows it: its manifest, or what is wrong with that.</summary>
public sealed record BackupEntry(string Name, BackupManifest? Manifest, BackupDamage? Damage);

/// <summary>
/// The directory with a node's backups, open for one who writes or for several who read:
/// <c>kimura-backups</c> marks and locks it, <c>manifests/NAME.manifest</c> are the backups, <c>objects/ab/HASH</c> hold files that any number of
/// them share, and in <c>incoming/</c> is what is not finished, which the next writer deletes.
/// </summary>
public sealed class BackupDirectory : IDisposable
{
    private const string MarkerName = "kimura-backups";
    private const string Extension = ".manifest";
    private readonly FileStream? _lock;
    private readonly BackupHooks _hooks;

    private BackupDirectory(string root, FileStream? directoryLock, BackupHooks hooks)
    {
        Root = root;
        _lock = directoryLock;
        _hooks = hooks;
    }

    /// <summary>The directory's path.</summary>
    public string Root { get; }

    private string Manifests => Path.Combine(Root, "manifests");

    private string Objects => Path.Combine(Root, "objects");

    private string Incoming => Path.Combine(Root, "incoming");

    /// <summary>Opens a directory to make or delete backups; one that is absent or empty becomes a backup directory.</summary>
    /// <exception cref="StorageException">Refused: it holds other things. Locked: somebody else uses it. Failed: it cannot be used.</exception>
    public static BackupDirectory OpenToWrite(string path) => OpenToWrite(path, new BackupHooks());

    /// <summary>Opens a directory to look at its backups, together with others who do.</summary>
    /// <exception cref="StorageException">Refused: it is none. Locked: somebody writes into it. Failed: it cannot be used.</exception>
    public static BackupDirectory OpenToRead(string path)
    {
        path = Path.GetFullPath(path);
        return Guard(path, () =>
        {
            var marker = Path.Combine(path, MarkerName);
            return File.Exists(marker)
                ? new BackupDirectory(path, new FileStream(marker, FileMode.Open, FileAccess.Read, FileShare.Read), new BackupHooks())
                : throw new StorageException(StorageFault.Refused, $"{path} is no directory with backups: it has no file {MarkerName}");
        });
    }

    /// <summary>All backups, oldest first; the damaged ones with what is wrong.</summary>
    public IReadOnlyList<BackupEntry> List() =>
        !Directory.Exists(Manifests) ? [] : [.. Directory.EnumerateFiles(Manifests, "*" + Extension)
            .Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Order(StringComparer.Ordinal)
            .Select(Read)];

    /// <inheritdoc />
    public void Dispose() => _lock?.Dispose();

    internal static BackupDirectory OpenToWrite(string path, BackupHooks hooks)
    {
        path = Path.GetFullPath(path);
        return Guard(path, () =>
        {
            BackupFiles.CreateDirectory(path);
            var marker = Path.Combine(path, MarkerName);
            if (!File.Exists(marker) && Directory.EnumerateFileSystemEntries(path).Any())
            {
                throw new StorageException(StorageFault.Refused, $"{path} holds other things than backups: name an empty or absent directory");
            }

            // FileShare.None is flock(LOCK_EX | LOCK_NB), FileShare.Read for readers LOCK_SH.
            var file = BackupFiles.Open(marker, FileMode.OpenOrCreate, FileShare.None);
            var directory = new BackupDirectory(path, file, hooks);
            Array.ForEach([directory.Manifests, directory.Objects, directory.Incoming], BackupFiles.CreateDirectory);
            return directory;
        });
    }

    /// <summary>The path of an object relative to the directory.</summary>
    internal static string ObjectName(Hash32 hash) => $"objects/{hash.ToString()[..2]}/{hash}";

    /// <summary>The path of a manifest relative to the directory.</summary>
    internal static string ManifestName(string backup) => $"manifests/{backup}{Extension}";

    internal string PathOf(string name) => Path.Combine(Root, name);

    internal long FreeSpace() => _hooks.FreeSpace(Root);

    /// <summary>Deletes what an interrupted writer has left unfinished.</summary>
    internal void CleanIncoming()
    {
        foreach (var path in Directory.EnumerateFiles(Incoming))
        {
            Step("delete", Path.GetFileName(path), () => File.Delete(path));
        }
    }

    /// <summary>Keeps a file as an object: written aside, synced, and moved to its name.</summary>
    internal long AddObject(string source, Hash32 hash, CancellationToken cancellation)
    {
        var unfinished = Path.Combine(Incoming, hash.ToString());
        var size = 0L;
        Step("write", hash.ToString(), () => size = BackupObject.Write(source, unfinished, hash, cancellation));
        var path = PathOf(ObjectName(hash));
        BackupFiles.CreateDirectory(Path.GetDirectoryName(path)!);
        Step("rename", hash.ToString(), () => File.Move(unfinished, path, overwrite: true));
        DirectorySync.Sync(Path.GetDirectoryName(path)!);
        return size;
    }

    /// <summary>Makes a backup real: its manifest is the last thing written, and shows up whole or not at all.</summary>
    internal void AddManifest(BackupManifest manifest)
    {
        var unfinished = Path.Combine(Incoming, manifest.Name);
        Step("write", manifest.Name, () =>
        {
            using var file = BackupFiles.Create(unfinished);
            file.Write(ManifestCodec.Encode(manifest));
            file.Flush(flushToDisk: true);
        });
        Step("rename", manifest.Name, () => File.Move(unfinished, PathOf(ManifestName(manifest.Name)), overwrite: false));
        DirectorySync.Sync(Manifests);
    }

    internal void DeleteManifests(IReadOnlyCollection<string> backups)
    {
        foreach (var backup in backups)
        {
            Step("delete", backup, () => File.Delete(PathOf(ManifestName(backup))));
        }

        // Before their objects go: a manifest that comes back must find them.
        DirectorySync.Sync(Manifests);
    }

    /// <summary>
    /// Deletes the objects that no backup names and that are not <paramref name="wanted"/>; none while a manifest is damaged, because then
    /// nobody knows what it named. Gives how many.
    /// </summary>
    internal int DeleteUnused(IReadOnlySet<Hash32> wanted)
    {
        var backups = List();
        if (backups.Any(backup => backup.Manifest is null))
        {
            return 0;
        }

        var used = backups.SelectMany(backup => backup.Manifest!.Files).Select(file => file.Hash).ToHashSet();
        var deleted = 0;
        foreach (var path in Directory.EnumerateFiles(Objects, "*", SearchOption.AllDirectories))
        {
            if (Hash32.TryParse(Path.GetFileName(path), out var hash) && !used.Contains(hash) && !wanted.Contains(hash))
            {
                Step("delete", hash.ToString(), () => File.Delete(path));
                deleted++;
            }
        }

        return deleted;
    }

    private BackupEntry Read(string name)
    {
        var path = PathOf(ManifestName(name));
        BackupManifest? manifest = null;
        string? fault;
        try
        {
            (manifest, fault) = new FileInfo(path).Length > ManifestCodec.MaxSize
                ? (null, "it has more bytes than a manifest may")
                : ManifestCodec.Decode(File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            fault = $"it cannot be read ({exception.Message.ReplaceLineEndings(" ")})";
        }

        fault = manifest is not null && manifest.Name != name ? $"it is the manifest of backup {manifest.Name}" : fault;
        return fault is null
            ? new BackupEntry(name, manifest, null)
            : new BackupEntry(name, null, new BackupDamage(name, ManifestName(name), $"is damaged: {fault}"));
    }

    private void Step(string what, string name, Action change)
    {
        _hooks.BeforeStep?.Invoke($"{what} {name}");
        WriteSite.Before($"backup {what}");
        change();
        WriteSite.After($"backup {what}");
    }

    private static BackupDirectory Guard(string path, Func<BackupDirectory> open)
    {
        try
        {
            return open();
        }
        catch (Exception exception) when (FileHolding.IsHeld(exception))
        {
            throw new StorageException(StorageFault.Locked, $"the backups in {path} are in use by another process: try again when it has ended", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageFault.Failed, $"the backup directory {path} cannot be used: {exception.Message}", exception);
        }
    }
}
