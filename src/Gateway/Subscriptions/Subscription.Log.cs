using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Subscriptions;

internal sealed partial class Subscription
{
    private readonly ILogger _logger = services.Logger;

    [LoggerMessage(Level = LogLevel.Debug, Message = "A subscriber went away: {Reason}")]
    private partial void LogGone(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A subscription ended at block {Height}")]
    private partial void LogFailed(Exception fault, ulong height);
}
