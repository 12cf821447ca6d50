using Microsoft.Extensions.Logging;

namespace Kimura.Storage.RocksDb;

/// <content>Log messages.</content>
public sealed partial class RocksDbStore
{
    [LoggerMessage(1, LogLevel.Critical, "Storage failed: {Message}")]
    private static partial void LogFailed(ILogger logger, string message);
}
