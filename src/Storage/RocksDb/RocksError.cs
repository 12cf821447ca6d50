using System.Runtime.InteropServices;

namespace Kimura.Storage.RocksDb;

/// <summary>Turns the library's error strings (<c>Status::ToString()</c>) into the exceptions of this room.</summary>
internal static unsafe class RocksError
{
    /// <summary>Takes over an error that a call has set and frees it; null where the call went well.</summary>
    internal static string? Take(byte* error)
    {
        if (error is null)
            return null;

        var text = Marshal.PtrToStringUTF8((nint)error) ?? "unknown error";
        RocksNative.Free(error);
        return text.ReplaceLineEndings(" ");
    }

    /// <summary>The exception for an error while opening a directory.</summary>
    internal static StorageException WhileOpening(string directory, string error)
    {
        // "While lock file" comes from another process, "lock hold by current process" from this one.
        if (error.Contains("lock", StringComparison.OrdinalIgnoreCase) && error.Contains("LOCK", StringComparison.Ordinal))
            return Locked(directory);

        // A file that the manifest names and that is not there is damage, though the library calls it an I/O error. Every other I/O error is
        // the machine's; what is none at all speaks of bytes that the library cannot make sense of.
        if (!error.StartsWith("IO error", StringComparison.Ordinal) || error.Contains("No such file or directory", StringComparison.Ordinal))
        {
            return new StorageException(
                StorageFault.Corrupt,
                $"the database in {directory} is damaged: {error}; put back a copy of the database, or fetch the chain anew from a peer into an empty directory")
            {
                InFiles = true,
            };
        }

        return new StorageException(StorageFault.Failed, $"the database in {directory} cannot be opened: {error}");
    }

    /// <summary>The exception for an error while reading.</summary>
    internal static StorageException WhileReading(string directory, string error) => IsCorruption(error)
        ? new StorageException(StorageFault.Corrupt, $"the database in {directory} is damaged: {error}") { InFiles = true }
        : new StorageException(StorageFault.Failed, $"the database in {directory} cannot be read: {error}");

    /// <summary>The exception for a failed write: damage that a compaction met shows there too.</summary>
    internal static StorageException WhileWriting(string directory, string error) => new(
        IsCorruption(error) ? StorageFault.Corrupt : StorageFault.Failed,
        $"the database in {directory} cannot be written, and nothing more is taken: {error}")
    {
        InFiles = IsCorruption(error),
    };

    /// <summary>The exception for a directory that somebody else has open.</summary>
    internal static StorageException Locked(string directory) =>
        new(StorageFault.Locked, $"the database in {directory} is in use by another process: stop that one, or choose another directory");

    private static bool IsCorruption(string error) => error.StartsWith("Corruption", StringComparison.Ordinal);
}
