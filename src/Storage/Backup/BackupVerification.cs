using Kimura.Chain;

namespace Kimura.Storage.Backup;

/// <summary>Looks at every byte of backups, each object once however many share it.</summary>
public sealed class BackupVerification(BackupDirectory directory)
{
    private readonly Dictionary<Hash32, string?> _known = [];

    /// <summary>Says how far it is; of bytes that are read.</summary>
    public BackupProgress? Progress { get; init; }

    /// <summary>What is wrong with these backups; empty where nothing is.</summary>
    public IReadOnlyList<BackupDamage> Run(IReadOnlyList<BackupEntry> backups, CancellationToken cancellation = default)
    {
        var objects = backups.SelectMany(backup => backup.Manifest?.Files ?? []).DistinctBy(file => file.Hash);
        var count = new ProgressCount(Progress, objects.Sum(file => file.StoredSize));
        var found = new List<BackupDamage>();
        foreach (var backup in backups)
        {
            if (backup.Damage is { } damage)
            {
                found.Add(damage);
            }

            foreach (var file in backup.Manifest?.Files ?? [])
            {
                if (Check(file, count, cancellation) is { } fault)
                {
                    found.Add(new BackupDamage(backup.Name, BackupDirectory.ObjectName(file.Hash), $"(the database's {file.Name}) {fault}"));
                }
            }
        }

        return found;
    }

    private string? Check(BackupFile file, ProgressCount count, CancellationToken cancellation)
    {
        if (!_known.TryGetValue(file.Hash, out var fault))
        {
            try
            {
                fault = BackupObject.Extract(directory.PathOf(BackupDirectory.ObjectName(file.Hash)), file, Stream.Null, bytes => count.Add(bytes), cancellation);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                fault = $"cannot be read ({exception.Message.ReplaceLineEndings(" ")})";
            }

            _known.Add(file.Hash, fault);
        }

        return fault;
    }
}
