namespace Kimura.Durability;

/// <summary>Small files that are there whole or not at all, whatever moment the process or the power ends at.</summary>
public static class DurableFile
{
    /// <summary>Mode 0600.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Writes a file under the name <c>PATH.new</c>, with mode 0600 from the start, syncs it, gives it its name and syncs the directory. A draft that an earlier
    /// try left behind is replaced.
    /// </summary>
    /// <exception cref="IOException">It cannot be written; or it exists, and is not to be overwritten.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory does not allow it.</exception>
    public static void Create(string path, ReadOnlySpan<byte> bytes, bool overwrite)
    {
        var draft = path + ".new";
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        File.Delete(draft);
        try
        {
            WriteSite.Before("file creation");
            using (var file = new FileStream(draft, options))
            {
                WriteSite.After("file creation");
                WriteSite.Before("file write");
                file.Write(bytes);
                WriteSite.After("file write");
                WriteSite.Before("file sync");
                file.Flush(flushToDisk: true);
                WriteSite.After("file sync");
            }

            WriteSite.Before("file rename");
            File.Move(draft, path, overwrite);
            WriteSite.After("file rename");
        }
        catch (IOException)
        {
            // Ours, and of no use; a draft may hold a secret.
            File.Delete(draft);
            throw;
        }

        DirectorySync.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
