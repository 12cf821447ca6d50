using Microsoft.Extensions.Logging;

namespace Kimura.Storage.Ledger;

public sealed partial class IntegrityCheck
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Verifying the chain: {Height} of {Last} blocks")]
    private static partial void LogProgress(ILogger logger, ulong height, ulong last);

    [LoggerMessage(Level = LogLevel.Information, Message = "Chain integrity verified: {Count} blocks")]
    private static partial void LogVerified(ILogger logger, ulong count);
}
