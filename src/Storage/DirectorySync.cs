using System.Runtime.InteropServices;

namespace Kimura.Storage;

/// <summary>Puts a directory's entries on disk: a synced file whose name is lost is lost too. .NET has no call for it.</summary>
public static partial class DirectorySync
{
    private const int ReadOnly = 0;

    /// <summary>Syncs a directory.</summary>
    /// <exception cref="IOException">It cannot be opened or synced.</exception>
    public static void Sync(string directory)
    {
        var descriptor = Open(directory, ReadOnly);
        if (descriptor < 0)
            throw new IOException($"the directory {directory} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");

        var result = Fsync(descriptor);
        var message = Marshal.GetLastPInvokeErrorMessage();
        _ = Close(descriptor);
        if (result != 0)
            throw new IOException($"the directory {directory} cannot be synced: {message}");
    }

    /// <summary>Creates a directory, and its parents where absent, so that a power cut does not take them back.</summary>
    internal static void CreateSynced(string directory)
    {
        var absent = new Stack<string>();
        for (var path = Path.GetFullPath(directory); path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path))
            absent.Push(path);

        Directory.CreateDirectory(directory);
        while (absent.TryPop(out var made))
            Sync(Path.GetDirectoryName(made)!);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
