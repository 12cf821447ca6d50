using System.Buffers.Binary;
using System.Numerics;

namespace Kimura.Storage.RocksDb.LogScan;

/// <summary>
/// One physical record of a RocksDB log, seen at the start of some bytes (RocksDB wiki, "Write Ahead Log File Format"; <c>db/log_format.h</c>).
/// A log is a row of blocks of 32,768 bytes; a record never crosses a block's end, a logical record is one Full or a chain of First,
/// Middle, …, Last. Header: masked CRC-32C over type and payload (4), length of the payload (2), type (1); little-endian.
/// </summary>
internal readonly ref struct LogRecord
{
    internal const int BlockSize = 32_768;
    internal const int HeaderSize = 7;

    internal const byte Zero = 0;
    internal const byte Full = 1;
    internal const byte First = 2;
    internal const byte Middle = 3;
    internal const byte Last = 4;

    /// <summary>From here to 8: as 1 to 4, in a log that is written over an old one; never made by this program.</summary>
    internal const byte RecyclableFull = 5;
    internal const byte RecyclableLast = 8;

    /// <summary>Newer logs' remarks about themselves, each a record of its own: compression, sizes of user-defined timestamps.</summary>
    internal const byte SetCompression = 9;
    internal const byte TimestampSize = 10;

    /// <summary>Types with this bit may be skipped by who does not know them.</summary>
    internal const byte IgnorableBit = 0x80;

    private const int LengthAt = 4;
    private const int TypeAt = 6;
    private const uint MaskDelta = 0xa282ead8;
    private readonly ReadOnlySpan<byte> _bytes;

    /// <param name="bytes">From the record's start to the end of its block or of the file; at least a header.</param>
    internal LogRecord(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The checksum as stored, masked.</summary>
    internal uint StoredChecksum => BinaryPrimitives.ReadUInt32LittleEndian(_bytes);

    internal byte Type => _bytes[TypeAt];

    /// <summary>Bytes of header and payload, as the header has it.</summary>
    internal int Size => HeaderSize + BinaryPrimitives.ReadUInt16LittleEndian(_bytes[LengthAt..]);

    /// <summary>True if the bytes hold the whole record.</summary>
    internal bool IsComplete => Size <= _bytes.Length;

    /// <summary>True if the record is complete and its checksum fits.</summary>
    internal bool IsValid => IsComplete && Unmask(StoredChecksum) == Checksum(TypeAndPayload);

    /// <summary>The bytes under the checksum, of a complete record.</summary>
    internal ReadOnlySpan<byte> TypeAndPayload => _bytes[TypeAt..Size];

    /// <summary>The payload of a complete record.</summary>
    internal ReadOnlySpan<byte> Payload => _bytes[HeaderSize..Size];

    /// <summary>The bytes that a checksum over some payload of the stored type may cover: the type and all that is there.</summary>
    internal ReadOnlySpan<byte> TypeAndRest => _bytes[TypeAt..];

    /// <summary>CRC-32C.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);

        return ~crc;
    }

    /// <summary>The checksum that was stored in masked form.</summary>
    internal static uint Unmask(uint masked) => BitOperations.RotateLeft(unchecked(masked - MaskDelta), 15);
}
