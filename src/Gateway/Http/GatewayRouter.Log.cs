using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Http;

internal sealed partial class GatewayRouter
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The answer to {Path} failed")]
    private partial void LogFailed(Exception fault, string path);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A client went away: {Reason}")]
    private partial void LogDisconnected(string reason);
}
