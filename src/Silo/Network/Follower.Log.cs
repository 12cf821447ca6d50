using Kimura.Libp2p.Identities;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Network;

internal sealed partial class Follower
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Stored block {Height} with {Count} messages")]
    private static partial void LogStored(ILogger logger, ulong height, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Following waits for damage to be mended: {What}")]
    private static partial void LogDamaged(ILogger logger, string what);

    [LoggerMessage(Level = LogLevel.Error, Message = "Block {Height}, signed by the leader, cannot follow here ({Verdict}, from {Peer}): this node is on another branch, or the leader made a false block")]
    private static partial void LogRefused(ILogger logger, ulong height, string verdict, PeerId peer);
}
