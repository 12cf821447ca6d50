using Kimura.Durability;

namespace Kimura.Storage.Backup;

/// <summary>Files and directories that nobody else may read, made so that a power cut does not take them back.</summary>
internal static class BackupFiles
{
    /// <summary>A new file to write.</summary>
    internal static FileStream Create(string path) => Open(path, FileMode.CreateNew, FileShare.None);

    internal static FileStream Open(string path, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = DurableFile.OwnerOnly;
        }

        WriteSite.Before("backup file creation");
        var file = new FileStream(path, options);
        WriteSite.After("backup file creation", canFail: false);
        return file;
    }

    /// <summary>A directory, with its parents where absent.</summary>
    internal static void CreateDirectory(string path)
    {
        if (!Directory.Exists(path))
        {
            DirectorySync.CreateSynced(path, DurableFile.OwnerOnly | UnixFileMode.UserExecute);
        }
    }
}
