using System.Buffers.Binary;

namespace Kimura.Storage.RocksDb.LogScan;

/// <summary>
/// Tells a write that was cut off (by a kill or a power cut, before its sync, so before anybody was told of it) from a damaged
/// record. Cut off is only what has nothing valid behind it and looks the part: the file ends inside it, or space that was allocated for
/// it was never written and is zero.
/// </summary>
internal static class TornTail
{
    private const int PageSize = 4096;

    // Fewer zeros before a page's end prove nothing.
    private const int LeastZeros = 8;
    private const int BatchHeaderSize = 12;

    /// <summary>Null if what begins at a place of a block is an unfinished write, and otherwise why not.</summary>
    /// <param name="file">The newest log.</param>
    /// <param name="blockStart">Where the block begins.</param>
    /// <param name="position">Where in it the record begins that does not verify.</param>
    /// <param name="sequence">The sequence number that the record should have, 0 where unknown.</param>
    internal static string? WhyDamaged(LogFile file, long blockStart, int position, ulong sequence)
    {
        var offset = blockStart + position;
        if (IsZeroFrom(file, blockStart, position))
            return null;

        var rest = file.ReadBlock(blockStart)[position..];
        if (rest.Length < LogRecord.HeaderSize)
            return null;

        var record = new LogRecord(rest);
        if (FlippedBits.InLength(record))
            return "its length was changed";

        // A header that is itself not written says nothing of the record's end.
        var hasHeader = record.Type is (>= LogRecord.Full and <= LogRecord.Last) or LogRecord.SetCompression or LogRecord.TimestampSize;
        var end = position + record.Size;
        var endsWithFile = hasHeader && !record.IsComplete && end <= LogRecord.BlockSize;
        if (!endsWithFile)
        {
            if (record.IsComplete && FlippedBits.InBody(record))
                return "a bit was flipped";

            if (!HasUnwrittenPage(hasHeader && record.IsComplete ? rest[..record.Size] : rest, offset))
                return "its checksum does not fit its bytes";
        }

        if (BeginsIn(rest[1..], 1, sequence))
            return "whole records follow it";

        var mayGoOn = !hasHeader || end + LogRecord.HeaderSize > LogRecord.BlockSize;
        return WhatFollows(file, blockStart + LogRecord.BlockSize, offset, mayGoOn, sequence);
    }

    /// <summary>
    /// The blocks behind the one with the torn part. Parts of the same write may be there, since pages reach a disk in any order:
    /// whole Middle and Last parts at the blocks' starts, and nothing after a Last.
    /// </summary>
    private static string? WhatFollows(LogFile file, long from, long tornAt, bool goesOn, ulong sequence)
    {
        for (var start = from; start < file.Length; start += LogRecord.BlockSize)
        {
            var block = file.ReadBlock(start);
            var searchFrom = 0;
            if (block.Length >= LogRecord.HeaderSize && new LogRecord(block) is { IsValid: true } record)
            {
                if (!goesOn || record.Type is not (LogRecord.Middle or LogRecord.Last))
                    return $"whole records follow it, at byte {start}";

                goesOn = record.Type == LogRecord.Middle;
                searchFrom = record.Size;
            }

            if (BeginsIn(block[searchFrom..], start + searchFrom - tornAt, sequence))
                return $"whole records follow it, after byte {start}";
        }

        return null;
    }

    /// <summary>
    /// True if a valid logical record begins anywhere in the rest of a block: at any byte, because a damaged length hides where. It must be
    /// a batch that the log could hold there, or a sender could make his message's content look like one.
    /// </summary>
    private static bool BeginsIn(ReadOnlySpan<byte> rest, long distance, ulong sequence)
    {
        for (var at = 0; at + LogRecord.HeaderSize + BatchHeaderSize <= rest.Length; at++)
        {
            var record = new LogRecord(rest[at..]);
            if (record.Type is not (LogRecord.Full or LogRecord.First) || !record.IsComplete || record.Payload.Length < BatchHeaderSize)
                continue;

            var first = BinaryPrimitives.ReadUInt64LittleEndian(record.Payload);
            var mayBeHere = sequence == 0 || (first >= sequence && first - sequence <= (ulong)(distance + at));
            if (mayBeHere && record.IsValid)
                return true;
        }

        return false;
    }

    private static bool IsZeroFrom(LogFile file, long blockStart, int position)
    {
        for (var start = blockStart; start < file.Length; start += LogRecord.BlockSize, position = 0)
        {
            if (file.ReadBlock(start)[position..].ContainsAnyExcept((byte)0))
                return false;
        }

        return true;
    }

    // A page that was never written, or only up to where the file once ended: zeros up to the page's end or the record's.
    private static bool HasUnwrittenPage(ReadOnlySpan<byte> record, long offset)
    {
        while (!record.IsEmpty)
        {
            var inPage = (int)Math.Min(record.Length, PageSize - (offset % PageSize));
            if (inPage >= LeastZeros && !record[(inPage - LeastZeros)..inPage].ContainsAnyExcept((byte)0))
                return true;

            record = record[inPage..];
            offset += inPage;
        }

        return false;
    }
}
