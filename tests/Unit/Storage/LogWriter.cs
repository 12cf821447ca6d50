using System.Buffers.Binary;
using System.Numerics;

namespace Kimura.Tests.Unit.Storage;

/// <summary>
/// Writes a log as RocksDB does (wiki, "Write Ahead Log File Format"), independently of the scanner: bit by bit where that one is
/// fast. A test holds its output to real logs.
/// </summary>
internal sealed class LogWriter
{
    private const int BlockSize = 32_768;
    private ulong _sequence = 1;

    internal List<byte> Bytes { get; } = [];

    /// <summary>Where the logical records begin and end.</summary>
    internal List<(int Start, int End)> Records { get; } = [];

    /// <summary>Places under no checksum, where a block's end has no room for a header.</summary>
    internal HashSet<int> Filling { get; } = [];

    /// <summary>A batch of one operation and so many bytes, the given ones last.</summary>
    internal LogWriter Add(int size, Random random, byte[]? end = null)
    {
        var payload = new byte[Math.Max(size, 12)];
        random.NextBytes(payload);
        end?.CopyTo(payload, payload.Length - end.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(payload, _sequence++);
        BinaryPrimitives.WriteUInt32LittleEndian(payload.AsSpan(8), 1);
        return Add(payload);
    }

    internal LogWriter Add(byte[] payload)
    {
        var start = -1;
        var rest = payload.AsSpan();
        var begins = true;
        do
        {
            var left = BlockSize - (Bytes.Count % BlockSize);
            if (left < 7)
            {
                Filling.UnionWith(Enumerable.Range(Bytes.Count, left));
                Bytes.AddRange(new byte[left]);
                left = BlockSize;
            }

            var part = rest[..Math.Min(rest.Length, left - 7)];
            rest = rest[part.Length..];
            if (start < 0)
                start = Bytes.Count;

            Bytes.AddRange(Record((byte)((begins, rest.IsEmpty) switch { (true, true) => 1, (true, false) => 2, (false, false) => 3, _ => 4 }), part));
            begins = false;
        }
        while (!rest.IsEmpty);

        Records.Add((start, Bytes.Count));
        return this;
    }

    /// <summary>One physical record.</summary>
    internal static byte[] Record(byte type, ReadOnlySpan<byte> payload)
    {
        var bytes = new byte[7 + payload.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), (ushort)payload.Length);
        bytes[6] = type;
        payload.CopyTo(bytes.AsSpan(7));
        Reseal(bytes);
        return bytes;
    }

    /// <summary>Puts the right checksum before a physical record.</summary>
    internal static void Reseal(Span<byte> record)
    {
        var crc = Crc32C(record[6..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record, unchecked(BitOperations.RotateRight(crc, 15) + 0xa282ead8));
    }

    /// <summary>CRC-32C by its definition (RFC 3720, polynomial 0x82f63b78 reflected).</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0x82f63b78);
        }

        return ~crc;
    }
}
