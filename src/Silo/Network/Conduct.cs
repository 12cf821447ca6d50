using Kimura.Libp2p;
using Kimura.Libp2p.Identities;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Network;

/// <summary>What follows when a peer sends invalid data: it is blamed, and dropped when it does so again.</summary>
internal sealed partial class Conduct(Libp2pHost host, PeerBook peers, NetworkInstruments instruments, ILogger<Conduct> logger)
{
    private const int Points = PeerBook.BlameLimit / 2;

    public void Blame(PeerId peer, string why)
    {
        LogBlamed(logger, peer, why);
        if (peers.Blame(peer, Points))
        {
            instruments.Blamed();
            LogDropped(logger, peer);
            host.Disconnect(peer);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Peer {Peer} is to blame: {Why}")]
    private static partial void LogBlamed(ILogger logger, PeerId peer, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Peer {Peer} is dropped, and kept away for a while")]
    private static partial void LogDropped(ILogger logger, PeerId peer);
}
