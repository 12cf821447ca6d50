using Microsoft.Extensions.Logging;

namespace Kimura.Storage.Ledger;

public sealed partial class IntegrityCheck
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Verifying the chain: {Height} of {Last} blocks")]
    private static partial void LogProgress(ILogger logger, ulong height, ulong last);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} messages above height {Height} are not stored here and were not checked")]
    private static partial void LogSkipped(ILogger logger, long count, ulong height);

    [LoggerMessage(Level = LogLevel.Information, Message = "Chain integrity verified: {Count} blocks")]
    private static partial void LogVerified(ILogger logger, ulong count);
}
