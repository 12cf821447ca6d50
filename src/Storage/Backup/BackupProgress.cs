namespace Kimura.Storage.Backup;

/// <summary>Told now and then how much of how much has been read.</summary>
public delegate void BackupProgress(long done, long total);

/// <summary>Adds up what is done, for one <see cref="BackupProgress"/>.</summary>
internal sealed class ProgressCount(BackupProgress? report, long total)
{
    private long _done;

    internal void Add(long bytes)
    {
        _done += bytes;
        report?.Invoke(_done, total);
    }
}
