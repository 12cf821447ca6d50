using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>What the router knows of a connected peer. Guarded by the router's lock.</summary>
internal sealed class GossipPeer(PeerId id, bool outbound, string address, PeerScore score, PeerOutbox outbox)
{
    public PeerId Id => id;

    /// <summary>This host dialled it.</summary>
    public bool Outbound => outbound;

    /// <summary>What counts as one address.</summary>
    public string Address => address;

    public PeerScore Score => score;

    public PeerOutbox Outbox => outbox;

    public HashSet<string> Topics { get; } = new(StringComparer.Ordinal);

    public int BadRpcs { get; set; }

    /// <summary>IHAVE messages since the last heartbeat.</summary>
    public int Haves { get; set; }

    /// <summary>IWANT messages since the last heartbeat.</summary>
    public int Wants { get; set; }

    /// <summary>Ids looked at since the last heartbeat.</summary>
    public int Ids { get; set; }
}
