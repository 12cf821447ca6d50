using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>What the router knows of a connected peer. Guarded by the router's lock.</summary>
/// <param name="introduction">Who it is.</param>
/// <param name="score">What it has earned.</param>
/// <param name="work">How much it may make the router do.</param>
internal sealed class GossipPeer(GossipPeer.Introduction introduction, PeerScore score, Allowance work)
{
    public PeerId Id => introduction.Id;

    /// <summary>This host dialled it.</summary>
    public bool Outbound => introduction.Outbound;

    /// <summary>What counts as one address.</summary>
    public string Address => introduction.Address;

    /// <summary>The connection's number: a newer one takes over.</summary>
    public long Number => introduction.Number;

    public PeerOutbox Outbox => introduction.Outbox;

    public PeerScore Score => score;

    public Allowance Work => work;

    public HashSet<string> Topics { get; } = new(StringComparer.Ordinal);

    /// <summary>P5, as the application said last.</summary>
    public double Application { get; set; }

    public int BadRpcs { get; set; }

    /// <summary>It is about to be disconnected.</summary>
    public bool Dropped { get; set; }

    /// <summary>Messages that it brought first and that are being judged, and their bytes.</summary>
    public int Validating { get; set; }

    /// <summary>See <see cref="Validating"/>.</summary>
    public long ValidatingBytes { get; set; }

    /// <summary>IHAVE messages since the last heartbeat.</summary>
    public int Haves { get; set; }

    /// <summary>IWANT messages since the last heartbeat.</summary>
    public int Wants { get; set; }

    /// <summary>Ids looked at since the last heartbeat.</summary>
    public int Ids { get; set; }

    /// <summary>A peer on a new connection.</summary>
    /// <param name="Id">Who.</param>
    /// <param name="Outbound">This host dialled it.</param>
    /// <param name="Address">What counts as one address.</param>
    /// <param name="Outbox">What goes to it.</param>
    /// <param name="Number">Grows with each connection.</param>
    public sealed record Introduction(PeerId Id, bool Outbound, string Address, PeerOutbox Outbox, long Number);
}
