using Kimura.Chain;
using Kimura.Libp2p.Identities;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Repair;

internal sealed partial class ChainMender
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Damage found: {What}")]
    private static partial void LogFound(ILogger logger, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mended block {Height}: fetched from {Peer}, verified, stored")]
    private static partial void LogMendedBlock(ILogger logger, ulong height, PeerId peer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mended message {Index} ({Id}) of block {Height}: fetched from {Peer}, verified, stored")]
    private static partial void LogMendedMessage(ILogger logger, int index, MessageId id, ulong height, PeerId peer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mended the place by hash of block {Height}")]
    private static partial void LogMendedPlace(ILogger logger, ulong height);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Mended the next nonce of {Sender} by the chain")]
    private static partial void LogMendedNonce(ILogger logger, PublicKey sender);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not mended, because something else is damaged: {What}")]
    private static partial void LogInTheWay(ILogger logger, string what);

    [LoggerMessage(Level = LogLevel.Error, Message = "Not mended, nobody could give the true bytes: {What}")]
    private static partial void LogNotMended(ILogger logger, string what);

    [LoggerMessage(Level = LogLevel.Error, Message = "The damage cannot be noted for the next start: {Why}")]
    private static partial void LogNotNoted(ILogger logger, string why);
}
