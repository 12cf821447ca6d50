using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Metrics;

internal sealed partial class MetricsEndpoint
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The node's status cannot be read")]
    private partial void LogUnreadable(Exception fault);
}
