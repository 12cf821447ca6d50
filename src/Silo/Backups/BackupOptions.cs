using Kimura.Silo.Configuration;
using Kimura.Storage.Backup;

namespace Kimura.Silo.Backups;

/// <summary>How a node's backups are made.</summary>
internal sealed record BackupOptions
{
    /// <summary>What the path of a Unix domain socket may have, with a byte to spare (108 on Linux, 104 elsewhere).</summary>
    public const int LongestSocketPath = 100;

    public BackupOptions(NodeConfiguration configuration)
    {
        DataDirectory = Path.GetFullPath(configuration.DbPath);
        Directory = configuration.BackupDirectory;
        Interval = configuration.BackupInterval;
        Keep = configuration.BackupKeep;
        LeaderKeys = [.. configuration.LeaderKeys.Select(key => new LeaderKeyFrom(key.From, key.Key))];
    }

    /// <summary>The node's data directory.</summary>
    public string DataDirectory { get; }

    /// <summary>Where backups are made by themselves; null: nowhere.</summary>
    public string? Directory { get; }

    /// <summary>Time from one to the next.</summary>
    public TimeSpan Interval { get; }

    /// <summary>How many are kept.</summary>
    public int Keep { get; }

    /// <summary>The configured leader keys.</summary>
    public IReadOnlyList<LeaderKeyFrom> LeaderKeys { get; }

    /// <summary>Where the tool asks for a copy.</summary>
    public string SocketPath => Path.Combine(DataDirectory, "backup.sock");

    /// <summary>Where the copies are made.</summary>
    public string CheckpointFolder => Path.Combine(DataDirectory, "checkpoints");
}
