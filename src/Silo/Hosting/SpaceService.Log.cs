using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

internal sealed partial class SpaceService
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The free space of the disk is not known")]
    private static partial void LogUnknown(ILogger logger, Exception exception);
}
