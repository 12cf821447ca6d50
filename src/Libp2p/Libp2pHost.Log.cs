using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Identities;
using Microsoft.Extensions.Logging;

namespace Kimura.Libp2p;

/// <content>What the host tells the log.</content>
public sealed partial class Libp2pHost
{
    private void LogEnded(string reason) => Log.Ended(_options.Logger, reason);

    private void LogBug(Exception error) => Log.Bug(_options.Logger, error);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "A piece of network work ended: {Reason}")]
        public static partial void Ended(ILogger logger, string reason);

        [LoggerMessage(2, LogLevel.Error, "A network handler failed")]
        public static partial void Bug(ILogger logger, Exception error);

        [LoggerMessage(3, LogLevel.Debug, "Connected to {Peer} at {Address}")]
        public static partial void PeerConnected(ILogger logger, PeerId peer, Multiaddress address);

        [LoggerMessage(4, LogLevel.Debug, "Disconnected from {Peer}: {Reason}")]
        public static partial void PeerDisconnected(ILogger logger, PeerId peer, string reason);

        [LoggerMessage(5, LogLevel.Debug, "Cannot reach {Address}, next try in {Wait}: {Reason}")]
        public static partial void CannotReach(ILogger logger, Multiaddress address, TimeSpan wait, string reason);

        [LoggerMessage(7, LogLevel.Warning, "Cannot accept connections for the moment")]
        public static partial void CannotAccept(ILogger logger, Exception error);

        [LoggerMessage(6, LogLevel.Debug, "A connection from {Address} came to nothing: {Reason}")]
        public static partial void HandshakeFailed(ILogger logger, Multiaddress address, string reason);
    }
}
