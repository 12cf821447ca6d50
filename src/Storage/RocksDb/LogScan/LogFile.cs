using Microsoft.Win32.SafeHandles;

namespace Kimura.Storage.RocksDb.LogScan;

/// <summary>A log file, read block by block.</summary>
internal sealed class LogFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly byte[] _block = new byte[LogRecord.BlockSize];

    internal LogFile(string path)
    {
        Path = path;
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, FileOptions.SequentialScan);
        Length = RandomAccess.GetLength(_file);
    }

    internal string Path { get; }

    /// <summary>Bytes of the file.</summary>
    internal long Length { get; }

    /// <summary>The block that begins at an offset, shorter at the file's end; good until the next call.</summary>
    internal ReadOnlySpan<byte> ReadBlock(long offset)
    {
        var wanted = (int)Math.Min(LogRecord.BlockSize, Length - offset);
        var read = 0;
        while (read < wanted)
        {
            var got = RandomAccess.Read(_file, _block.AsSpan(read, wanted - read), offset + read);
            if (got == 0)
                throw new IOException($"{Path} ended at byte {offset + read} while it was read");

            read += got;
        }

        return _block.AsSpan(0, wanted);
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
