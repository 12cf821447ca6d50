using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Health;

internal sealed partial class HealthEndpoint
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The node's status cannot be read")]
    private partial void LogUnreadable(Exception fault);
}
