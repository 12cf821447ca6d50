using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Rest;

internal sealed partial class RestEndpoint
{
    [LoggerMessage(Level = LogLevel.Error, Message = "{Route} failed with {Code}")]
    private partial void LogFailed(Exception fault, string route, int code);
}
