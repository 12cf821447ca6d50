using Kimura.Chain;
using Microsoft.Extensions.Logging;

namespace Kimura.Grains.Following;

internal sealed partial class ChainGrain
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Equivocation: the leader signed {Second} at height {Height}, where {First} is stored")]
    private static partial void LogEquivocation(ILogger logger, ulong height, BlockHash second, BlockHash first);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Id} was pending here, but a block that was fetched back holds another content of the same sender and nonce: the block's counts")]
    private static partial void LogReplaced(ILogger logger, MessageId id);
}
