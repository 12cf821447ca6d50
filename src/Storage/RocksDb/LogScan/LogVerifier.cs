using System.Buffers.Binary;

namespace Kimura.Storage.RocksDb.LogScan;

/// <summary>
/// Verifies every record of one log, and judges what does not verify. <paramref name="holdsBatches"/>: its records are write batches, as in
/// every log but the manifest.
/// </summary>
internal sealed class LogVerifier(LogFile file, bool isNewest, bool holdsBatches = true)
{
    // The start of a write batch: sequence number of its first operation, number of operations; little-endian.
    private const int BatchHeaderSize = 12;

    private bool _inChain;
    private bool _isOpaque = !holdsBatches;
    private ulong _batchEnd;

    /// <summary>
    /// Where the last whole logical record ends, or the file's length where nothing is behind it: what is between the two is
    /// an unfinished write.
    /// </summary>
    /// <exception cref="StorageException">Corrupt: a record is damaged.</exception>
    internal long FindEnd()
    {
        var end = 0L;
        for (var start = 0L; start < file.Length; start += LogRecord.BlockSize)
        {
            var block = file.ReadBlock(start);
            var position = 0;

            // Less than a header at a block's end is filling.
            while (LogRecord.BlockSize - position >= LogRecord.HeaderSize && position < block.Length)
            {
                var rest = block[position..];
                if (rest.Length < LogRecord.HeaderSize || !new LogRecord(rest).IsValid)
                {
                    JudgeTail(start, position);
                    return end;
                }

                var record = new LogRecord(rest);
                Follow(record, start + position);
                position += record.Size;
                if (!_inChain)
                    end = start + position;
            }
        }

        if (!_inChain && IsFillingFrom(end))
            return file.Length;

        // A chain whose last part was never written.
        return isNewest ? end : throw Damaged(end, "the file ends inside a record, though newer logs exist");
    }

    // What is behind the last record of a whole log: nothing, or the filling of a block that is there to its end.
    private bool IsFillingFrom(long end) => end == file.Length || (file.Length % LogRecord.BlockSize == 0 && file.Length - end < LogRecord.HeaderSize);

    private void Follow(LogRecord record, long offset)
    {
        var type = record.Type;
        if (type is LogRecord.SetCompression or LogRecord.TimestampSize || (type & LogRecord.IgnorableBit) != 0)
        {
            _isOpaque |= type == LogRecord.SetCompression;
            return;
        }

        if (type is >= LogRecord.RecyclableFull and <= LogRecord.RecyclableLast)
            throw Damaged(offset, "it was written with log recycling, under which unfinished and damaged records cannot be told apart");

        if (type is < LogRecord.Full or > LogRecord.Last)
            throw Damaged(offset, $"its type {type} is not known to this version");

        var begins = type is LogRecord.Full or LogRecord.First;
        if (begins == _inChain)
            throw Damaged(offset, begins ? "it begins before the one before it has ended" : "it goes on with one that never began");

        _inChain = type is LogRecord.First or LogRecord.Middle;
        if (begins && !_isOpaque && record.Payload.Length >= BatchHeaderSize)
        {
            _batchEnd = unchecked(
                BinaryPrimitives.ReadUInt64LittleEndian(record.Payload) + BinaryPrimitives.ReadUInt32LittleEndian(record.Payload[sizeof(ulong)..]));
        }
    }

    private void JudgeTail(long blockStart, int position)
    {
        var offset = blockStart + position;
        if (!isNewest)
            throw Damaged(offset, "newer logs exist, so this is no write that was cut off");

        if (TornTail.WhyDamaged(file, blockStart, position, _isOpaque ? 0 : _batchEnd) is { } reason)
            throw Damaged(offset, reason);
    }

    private StorageException Damaged(long offset, string why) => new(
        StorageFault.Corrupt,
        $"the database log {file.Path} is damaged: the record at byte {offset} does not verify ({why}); put back a copy of the database, or fetch the chain anew from a peer into an empty directory")
    {
        InFiles = true,
    };
}
