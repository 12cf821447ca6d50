namespace Kimura.Storage.Space;

/// <summary>How much room the file system of a database has.</summary>
/// <param name="Free">Bytes that this process may still fill.</param>
/// <param name="Size">Bytes of all of it.</param>
public readonly record struct DiskSpace(long Free, long Size)
{
    private const long UsualReserve = 256 << 20;

    // A new log, a new manifest, and some air.
    private const long LeastForOpening = 8 << 20;

    /// <summary>The reserve where none is given: 256 MiB, or a twentieth of a file system that is smaller than 5 GiB.</summary>
    public long DefaultReserve => Math.Min(UsualReserve, Size / 20);

    /// <summary>Asks the system.</summary>
    /// <exception cref="IOException">It does not say.</exception>
    public static DiskSpace Of(string directory)
    {
        var drive = new DriveInfo(directory);
        return new DiskSpace(drive.AvailableFreeSpace, drive.TotalSize);
    }

    /// <summary>RocksDB writes while it opens, its log files once more at most; where there is no room for that, Debian's build aborts the process instead of saying so.</summary>
    /// <exception cref="StorageException">There is none (Failed): one line that says how much is needed.</exception>
    internal void RequireRoomToOpen(string directory)
    {
        var needed = LeastForOpening + new DirectoryInfo(directory).EnumerateFiles("*.log").Sum(file => file.Length);
        if (Free < needed)
        {
            throw new StorageException(
                StorageFault.Failed,
                $"the database in {directory} cannot be opened: the disk has {Free} bytes free, and opening may write {needed}: make room and start again");
        }
    }
}
