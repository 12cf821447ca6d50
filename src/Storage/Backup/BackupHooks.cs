namespace Kimura.Storage.Backup;

/// <summary>What a test may do to the writing of backups.</summary>
internal sealed class BackupHooks
{
    /// <summary>Bytes that may still be written where a path is.</summary>
    internal Func<string, long> FreeSpace { get; init; } = static path => new DriveInfo(path).AvailableFreeSpace;

    /// <summary>Called before each change of the backup directory, with what it is; may throw in its place.</summary>
    internal Action<string>? BeforeStep { get; init; }
}
