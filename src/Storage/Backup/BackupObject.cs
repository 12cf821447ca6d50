using System.Buffers.Binary;
using System.IO.Compression;
using Kimura.Chain;

namespace Kimura.Storage.Backup;

/// <summary>
/// A file of the database as the backup directory keeps it, named by the BLAKE3 of its content: <c>"KIMURAOB" ++ version (1) ++ encoding
/// (1: 1 as it is, 2 Brotli) ++ size of the content (8, big-endian) ++ the content, encoded ++ BLAKE3 of all before (32)</c>. So each object
/// shows by itself whether a byte of it has changed. Everything is streamed: memory does not grow with the file.
/// </summary>
internal static class BackupObject
{
    internal const int HeaderSize = 18;
    private const byte Plain = 1;
    private const byte Brotli = 2;
    private const int BufferSize = 1 << 17;
    private const int SampleSize = 1 << 20;

    // So much is written before it is put on disk: one long sync at the end would hold up the syncs of a node on the same disk.
    private const int SyncEvery = 4 << 20;

    private static ReadOnlySpan<byte> Magic => "KIMURAOB"u8;

    /// <summary>BLAKE3 of a file.</summary>
    internal static Hash32 Hash(string path, Action<int> onBytes, CancellationToken cancellation)
    {
        using var file = OpenToRead(path);
        var digest = new DigestStream(file, onBytes: onBytes);
        Copy(digest, Stream.Null, cancellation);
        return digest.Digest;
    }

    /// <summary>Writes the object of a file, synced, and gives its size. <paramref name="hash"/>: the file's, which it must still have.</summary>
    internal static long Write(string source, string path, Hash32 hash, CancellationToken cancellation)
    {
        using var input = OpenToRead(source);
        var isCompressible = IsCompressible(input);
        using var file = BackupFiles.Create(path);
        var unsynced = 0;
        var output = new DigestStream(file, onBytes: count =>
        {
            unsynced += count;
            if (unsynced >= SyncEvery)
            {
                cancellation.ThrowIfCancellationRequested();
                file.Flush(flushToDisk: true);
                unsynced = 0;
            }
        });
        Span<byte> header = stackalloc byte[HeaderSize];
        Magic.CopyTo(header);
        header[8] = ManifestCodec.Version;
        header[9] = isCompressible ? Brotli : Plain;
        BinaryPrimitives.WriteInt64BigEndian(header[10..], input.Length);
        output.Write(header);
        var content = new DigestStream(input);
        if (isCompressible)
        {
            using var compressed = Compressor(output);
            Copy(content, compressed, cancellation);
        }
        else
        {
            Copy(content, output, cancellation);
        }

        if (content.Digest != hash)
        {
            throw new StorageException(StorageFault.Failed, $"{source} has changed while it was backed up: make the backup again");
        }

        file.Write(output.Digest.ToArray());
        file.Flush(flushToDisk: true);
        return file.Length;
    }

    /// <summary>What is wrong with the bytes of an object, or null. Its content is not decoded.</summary>
    internal static string? FindDamage(string path, Action<int> onBytes, CancellationToken cancellation)
    {
        if (!File.Exists(path))
        {
            return "is missing";
        }

        using var file = OpenToRead(path);
        if (file.Length < HeaderSize + Hash32.Size)
        {
            return "is cut off";
        }

        var sealedBytes = new DigestStream(file, file.Length - Hash32.Size, onBytes);
        Copy(sealedBytes, Stream.Null, cancellation);
        return HasSeal(file, sealedBytes.Digest) ? null : "is damaged: its bytes are not those of its checksum";
    }

    /// <summary>Decodes an object into a stream; null, or what is wrong with it, and then what was written is worth nothing.</summary>
    internal static string? Extract(string path, BackupFile expected, Stream target, Action<int> onBytes, CancellationToken cancellation)
    {
        if (!File.Exists(path))
        {
            return "is missing";
        }

        using var file = OpenToRead(path);
        if (file.Length < HeaderSize + Hash32.Size)
        {
            return "is cut off";
        }

        var sealedBytes = new DigestStream(file, file.Length - Hash32.Size, onBytes);
        Span<byte> header = stackalloc byte[HeaderSize];
        sealedBytes.ReadExactly(header);
        var content = new DigestStream(target);
        var fault = Decode(sealedBytes, header, expected.Size, content, cancellation);

        // What the decoder did not need counts too.
        Copy(sealedBytes, Stream.Null, cancellation);
        return !HasSeal(file, sealedBytes.Digest) ? "is damaged: its bytes are not those of its checksum"
            : fault ?? (content.Digest == expected.Hash ? null : $"holds other content than its name says: {content.Digest}");
    }

    private static string? Decode(DigestStream input, ReadOnlySpan<byte> header, long size, DigestStream content, CancellationToken cancellation)
    {
        if (!header.StartsWith(Magic) || header[8] != ManifestCodec.Version || header[9] is not (Plain or Brotli))
        {
            return "is not an object that this node reads: use the node version that wrote it";
        }

        try
        {
            using var decoded = header[9] == Brotli ? new BrotliStream(input, CompressionMode.Decompress, leaveOpen: true) : (Stream)input;

            // Not further than the size: what decompresses to more than it says must not fill a disk.
            Copy(new DigestStream(decoded, size + 1), content, cancellation);
            return content.Position == size && BinaryPrimitives.ReadInt64BigEndian(header[10..]) == size ? null : $"does not hold {size} bytes";
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException)
        {
            return "cannot be decompressed";
        }
    }

    // Ids, hashes and signatures do not compress, contents and keys often do: a part of the file says which it is.
    private static bool IsCompressible(FileStream input)
    {
        var sample = new byte[Math.Min(SampleSize, input.Length)];
        input.ReadExactly(sample);
        input.Position = 0;
        using var counted = new MemoryStream();
        using (var compressed = Compressor(counted))
        {
            compressed.Write(sample);
        }

        return counted.Length < sample.Length / 10 * 9;
    }

    private static BrotliStream Compressor(Stream output) => new(output, CompressionLevel.Fastest, leaveOpen: true);

    private static bool HasSeal(FileStream file, Hash32 digest)
    {
        Span<byte> seal = stackalloc byte[Hash32.Size];
        file.Position = file.Length - Hash32.Size;
        return file.ReadAtLeast(seal, Hash32.Size, throwOnEndOfStream: false) == Hash32.Size && digest == new Hash32(seal);
    }

    private static void Copy(Stream from, Stream to, CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        while (from.Read(buffer) is > 0 and var count)
        {
            cancellation.ThrowIfCancellationRequested();
            to.Write(buffer.AsSpan(0, count));
        }
    }

    private static FileStream OpenToRead(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
}
