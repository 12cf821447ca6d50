using System.Runtime.InteropServices;

namespace Kimura.Durability;

/// <summary>
/// Puts a directory's entries on disk: a synced file whose name is lost is lost too (fsync(2), notes). .NET has no call for it.
/// </summary>
public static partial class DirectorySync
{
    private const int ReadOnly = 0;

    /// <summary>Syncs a directory.</summary>
    /// <exception cref="IOException">It cannot be opened or synced.</exception>
    public static void Sync(string directory)
    {
        WriteSite.Before("directory sync");
        var descriptor = Open(directory, ReadOnly);
        if (descriptor < 0)
        {
            throw new IOException($"the directory {directory} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var result = Fsync(descriptor);
        var message = Marshal.GetLastPInvokeErrorMessage();
        _ = Close(descriptor);
        if (result != 0)
        {
            throw new IOException($"the directory {directory} cannot be synced: {message}");
        }

        WriteSite.After("directory sync");
    }

    /// <summary>Creates a directory, and its parents where absent, so that a power cut does not take them back.</summary>
    public static void CreateSynced(string directory, UnixFileMode? mode = null)
    {
        var absent = new Stack<string>();
        for (var path = Path.GetFullPath(directory); path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path))
        {
            absent.Push(path);
        }

        WriteSite.Before("directory creation");
        if (mode is not { } wanted || OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, wanted);
        }

        WriteSite.After("directory creation");
        while (absent.TryPop(out var made))
        {
            Sync(Path.GetDirectoryName(made)!);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
