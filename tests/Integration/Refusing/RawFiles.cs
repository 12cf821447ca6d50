using System.Buffers.Binary;

namespace Kimura.Tests.Integration.Refusing;

/// <summary>RocksDB's files, byte by byte.</summary>
internal static class RawFiles
{
    private const int LogBlock = 32_768;
    private const int LogHeader = 7;
    private const int LengthAt = 4;

    /// <summary>The newest write-ahead log.</summary>
    public static string NewestLog(string data) =>
        Directory.EnumerateFiles(RawDatabase.DirectoryOf(data), "*.log").OrderBy(path => Path.GetFileName(path), StringComparer.Ordinal).Last();

    /// <summary>Where the log's records begin (RocksDB wiki, Write Ahead Log File Format: checksum 4, length 2, type 1, in blocks of 32 KiB).</summary>
    public static List<int> RecordsOf(string log)
    {
        var bytes = File.ReadAllBytes(log);
        var records = new List<int>();
        for (var at = 0; at + LogHeader <= bytes.Length;)
        {
            if (LogBlock - (at % LogBlock) < LogHeader)
            {
                at += LogBlock - (at % LogBlock);
                continue;
            }

            records.Add(at);
            at += LogHeader + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at + LengthAt));
        }

        return records;
    }

    /// <summary>Turns one of the 16 bits of a record's length.</summary>
    public static void FlipLength(string log, int record, int bit) => Flip(log, record + LengthAt + (bit / 8), (byte)(1 << (bit % 8)));

    public static void Flip(string path, long at, byte mask)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var value = new byte[1];
        _ = RandomAccess.Read(file, value, at);
        value[0] ^= mask;
        RandomAccess.Write(file, value, at);
    }

    /// <summary>The place of some bytes in a file; -1 where they are not.</summary>
    public static int Find(string path, ReadOnlySpan<byte> bytes) => File.ReadAllBytes(path).AsSpan().IndexOf(bytes);
}
