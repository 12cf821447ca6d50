namespace Kimura.Storage.Backup;

/// <summary>What is wrong with a backup.</summary>
/// <param name="Backup">The backup's name.</param>
/// <param name="File">The file in the backup directory, relative to it.</param>
/// <param name="What">What differs, and which of the database's files is in it.</param>
public sealed record BackupDamage(string Backup, string File, string What)
{
    /// <summary>One line that names backup and file.</summary>
    public override string ToString() => $"backup {Backup}: {File} {What}";
}
