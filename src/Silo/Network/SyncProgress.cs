using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Interfaces;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Network;

/// <summary>Tells the log now and then how catching up goes.</summary>
internal sealed partial class SyncProgress(TimeProvider time, ILogger logger)
{
    private const ulong WorthTelling = 100;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private long _since;
    private long _blocks;
    private long _messages;
    private bool _isLong;

    public void Stored(IEnumerable<IncomingBlock> blocks, ulong height, ulong target)
    {
        if (_blocks == 0)
        {
            _since = _since == 0 ? time.GetTimestamp() : _since;
        }

        foreach (var block in blocks)
        {
            _blocks++;
            _messages += (block.Encoding.Length - Block.PrefixSize) / MerkleTree.EntrySize;
        }

        var left = target > height ? target - height : 0;
        _isLong |= left > WorthTelling;
        var elapsed = time.GetElapsedTime(_since);
        if (left == 0)
        {
            if (_isLong)
            {
                LogDone(logger, height);
            }

            (_since, _blocks, _messages, _isLong) = (0, 0, 0, false);
        }
        else if (_isLong && elapsed >= Every)
        {
            var rate = _blocks / elapsed.TotalSeconds;
            var messages = _messages / elapsed.TotalSeconds;
            var seconds = left / rate;
            LogProgress(logger, height, target, rate, messages, seconds);
            (_since, _blocks, _messages) = (time.GetTimestamp(), 0, 0);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Syncing: height {Height} of {Target}, {Blocks:F0} blocks/s, {Messages:F0} messages/s, about {Left:F0} s left")]
    private static partial void LogProgress(ILogger logger, ulong height, ulong target, double blocks, double messages, double left);

    [LoggerMessage(Level = LogLevel.Information, Message = "Caught up at height {Height}")]
    private static partial void LogDone(ILogger logger, ulong height);
}
