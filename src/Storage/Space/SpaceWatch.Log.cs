using Microsoft.Extensions.Logging;

namespace Kimura.Storage.Space;

public sealed partial class SpaceWatch
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The disk has {Free} bytes free, less than the {Reserve} kept in reserve: nothing is taken, made or stored until there is room again")]
    private static partial void LogShort(ILogger logger, long free, long reserve);

    [LoggerMessage(Level = LogLevel.Information, Message = "The disk has room again ({Free} bytes): going on")]
    private static partial void LogRoom(ILogger logger, long free);
}
