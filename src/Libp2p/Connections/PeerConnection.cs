using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Muxing;
using Kimura.Libp2p.Protocols;

namespace Kimura.Libp2p.Connections;

/// <summary>A secured and multiplexed connection to a peer, the only one to it.</summary>
public sealed class PeerConnection
{
    private volatile IdentifyMessage _identified = new();
    private int _unnegotiated;
    private bool _isDialled;

    internal PeerConnection(PublicKey key, Multiaddress address, bool outbound, ConnectionLimits limits, TimeProvider time)
    {
        (RemoteKey, RemoteAddress, Outbound, Opened) = (key, address, outbound, time.GetUtcNow());
        Missteps = new Allowance(limits.Missteps, 1, time);
        Pings = new Allowance(limits.Pings, limits.PingsPerSecond, time);
    }

    /// <summary>The peer.</summary>
    public PeerId Peer => RemoteKey.Id;

    /// <summary>Where it is, as seen from here.</summary>
    public Multiaddress RemoteAddress { get; }

    /// <summary>True where this host dialled.</summary>
    public bool Outbound { get; }

    /// <summary>
    /// True where this host has dialled the peer, or wanted to and found it connected: of two that dial each other, one finds that the other's
    /// connection stays.
    /// </summary>
    public bool Dialled => Volatile.Read(ref _isDialled);

    /// <summary>When the handshakes were done.</summary>
    public DateTimeOffset Opened { get; }

    /// <summary>The protocols that the peer says it serves; empty until it is identified.</summary>
    public IReadOnlyList<string> Protocols => _identified.Protocols;

    /// <summary>The addresses that the peer says it listens on.</summary>
    public IReadOnlyList<Multiaddress> ListenAddresses => _identified.ListenAddresses;

    /// <summary>What the peer calls itself.</summary>
    public string Agent => _identified.Agent ?? string.Empty;

    /// <summary>This host's address as the peer sees it.</summary>
    public Multiaddress? ObservedAddress => _identified.ObservedAddress;

    /// <summary>The last measured time to the peer and back; zero before the first.</summary>
    public TimeSpan RoundTrip => Session.RoundTrip;

    /// <summary>Ends with the connection; never fails.</summary>
    public Task Ended => Session.Ended;

    internal PublicKey RemoteKey { get; }

    /// <summary>Grows with each connection that a host enters: of two with a peer the one with the larger number is the newer.</summary>
    internal long Number { get; set; }

    /// <summary>What the peer may do to no use.</summary>
    internal Allowance Missteps { get; }

    internal Allowance Pings { get; }

    internal YamuxSession Session { get; set; } = null!;

    /// <summary>Counts inbound streams whose protocol is not agreed on yet, and says how many there are.</summary>
    internal int CountUnnegotiated(int change) => Interlocked.Add(ref _unnegotiated, change);

    /// <summary>Ends the connection once something of it is done too often.</summary>
    /// <exception cref="Libp2pException"><see cref="Libp2pFailure.LimitExceeded"/>.</exception>
    internal void Spend(Allowance allowance, string what)
    {
        if (!allowance.TryTake())
        {
            Libp2pException error = new(Libp2pFailure.LimitExceeded, $"too many {what}");
            Session.Abort(error);
            throw error;
        }
    }

    internal PeerConnection AsDialled()
    {
        Volatile.Write(ref _isDialled, true);
        return this;
    }

    internal void Merge(IdentifyMessage message) => _identified = _identified.MergedWith(message);
}
