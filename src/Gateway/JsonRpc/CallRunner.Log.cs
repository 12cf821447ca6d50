using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.JsonRpc;

internal sealed partial class CallRunner
{
    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} failed")]
    private partial void LogFailed(Exception fault, string method);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} found the node unavailable: {Reason}")]
    private partial void LogUnavailable(string method, string reason);
}
