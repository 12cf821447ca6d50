using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Subscriptions;

internal sealed partial class TipFeed
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The node does not say how high its chain is: {Reason}")]
    private partial void LogNoTip(string reason);
}
