using Kimura.Durability;

namespace Kimura.Storage.RocksDb;

/// <summary>
/// Holds a directory for this process from before the log scan, which may cut a file, until after the database is closed. RocksDB's own
/// lock comes too late for that.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    internal const string FileName = "kimura.lock";
    private const string RocksDbFileName = "LOCK";
    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Creates the directory where absent and locks it.</summary>
    /// <exception cref="StorageException">Locked, or Failed where it cannot be made or written.</exception>
    internal static DirectoryLock Take(string directory)
    {
        try
        {
            DirectorySync.CreateSynced(directory);
            var path = Path.Combine(directory, FileName);
            // FileShare.None is flock(LOCK_EX | LOCK_NB): it also keeps out a second open of the same process.
            WriteSite.Before("lock file creation");
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            WriteSite.After("lock file creation");
            if (!IsHeldByAnotherProgram(directory))
                return new DirectoryLock(file);

            file.Dispose();
            throw RocksError.Locked(directory);
        }
        catch (IOException e) when (FileHolding.IsHeld(e))
        {
            throw RocksError.Locked(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageFault.Failed, $"the database directory {directory} cannot be used: {e.Message}", e);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    // A program that is not Kimura (RocksDB's own tools) takes RocksDB's lock alone. Looked at only while this process cannot hold it
    // itself: closing the file gives up the process's record locks on it.
    private static bool IsHeldByAnotherProgram(string directory)
    {
        var path = Path.Combine(directory, RocksDbFileName);
        if (!OperatingSystem.IsLinux() || !File.Exists(path))
            return false;

        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            file.Lock(0, 0);
            return false;
        }
        catch (IOException e) when (FileHolding.IsHeld(e))
        {
            return true;
        }
    }
}
