namespace Kimura.Libp2p.Connections;

/// <summary>What peers may cost a host. Every limit is enforced before memory is taken.</summary>
public sealed record ConnectionLimits
{
    /// <summary>
    /// Most connections in all. Those that this host dials, and those of peers that it keeps, count but find a place beyond it too, so that
    /// strangers cannot shut them out. Default 128.
    /// </summary>
    public int Connections { get; init; } = 128;

    /// <summary>Most connections from one IPv4 address or one IPv6 /64. Default 32.</summary>
    public int ConnectionsPerAddress { get; init; } = 32;

    /// <summary>Most inbound connections that have not finished their handshakes. Default 256.</summary>
    public int Pending { get; init; } = 256;

    /// <summary>Of those, most from one address. Default 8.</summary>
    public int PendingPerAddress { get; init; } = 8;

    /// <summary>Most inbound connections begun by one address in a second. Default 20.</summary>
    public int RatePerAddress { get; init; } = 20;

    /// <summary>Most streams that one peer may have open to this host. Default 256.</summary>
    public int StreamsPerPeer { get; init; } = 256;

    /// <summary>Most unread bytes in one peer's streams together. Default 16 MiB.</summary>
    public int BufferedPerPeer { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// Unread bytes of all peers together from which on a peer with more than an equal share of them is disconnected. Default 256 MiB.
    /// </summary>
    public long Buffered { get; init; } = 256L * 1024 * 1024;

    /// <summary>
    /// Most streams of a peer that come to nothing (no protocol that is served, broken negotiation), and most identify pushes, at once;
    /// one more is allowed each second. A peer with more is disconnected. Default 256.
    /// </summary>
    public int Missteps { get; init; } = 256;

    /// <summary>Most pings of a peer at once; <see cref="PingsPerSecond"/> more are allowed each second. Default 256.</summary>
    public int Pings { get; init; } = 256;

    /// <summary>Pings that a peer may send each second for long; one with more is disconnected. Default 32.</summary>
    public int PingsPerSecond { get; init; } = 32;

    /// <summary>
    /// Time between keep-alive pings. A connection that shows no life is ended after two and a half times as long at most. Default 10 s.
    /// </summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>All handshakes of a connection together, dialling included. Default 10 s.</summary>
    public TimeSpan HandshakeDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Agreement on a stream's protocol. Default 10 s.</summary>
    public TimeSpan NegotiationDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>First wait before a kept peer is dialled again; it doubles, with jitter. Default 250 ms.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest such wait. Default 15 s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(15);
}
