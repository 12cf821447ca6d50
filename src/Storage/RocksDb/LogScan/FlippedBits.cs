using System.Numerics;

namespace Kimura.Storage.RocksDb.LogScan;

/// <summary>
/// Finds out whether a record that does not verify was once whole and then damaged. A write that never ended leaves bytes whose checksum
/// fits nothing (by chance: one in a hundred thousand).
/// </summary>
internal static class FlippedBits
{
    /// <summary>True if the checksum fits some other length: the length's bytes were changed.</summary>
    internal static bool InLength(LogRecord record)
    {
        var wanted = LogRecord.Unmask(record.StoredChecksum);
        var crc = uint.MaxValue;
        foreach (var value in record.TypeAndRest)
        {
            crc = BitOperations.Crc32C(crc, value);
            if (~crc == wanted)
                return true;
        }

        return false;
    }

    /// <summary>True if turning one bit of a complete record's checksum, type or payload makes it verify.</summary>
    internal static bool InBody(LogRecord record)
    {
        var bytes = record.TypeAndPayload;
        var actual = LogRecord.Checksum(bytes);
        for (var bit = 0; bit < 32; bit++)
        {
            if (LogRecord.Unmask(record.StoredChecksum ^ (1u << bit)) == actual)
                return true;
        }

        // The CRC is linear: a flipped bit changes it by what that bit alone, followed by the zeros behind it, comes to.
        var difference = LogRecord.Unmask(record.StoredChecksum) ^ actual;
        Span<uint> change = stackalloc uint[8];
        for (var bit = 0; bit < 8; bit++)
            change[bit] = BitOperations.Crc32C(0, (byte)(1 << bit));

        for (var position = bytes.Length - 1; position >= 0; position--)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                if (change[bit] == difference)
                    return true;

                change[bit] = BitOperations.Crc32C(change[bit], (byte)0);
            }
        }

        return false;
    }
}
