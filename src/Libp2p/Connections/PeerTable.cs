using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Connections;

/// <summary>The connections of a host: one a peer. Thread-safe.</summary>
internal sealed class PeerTable(PeerId self, ConnectionLimits limits)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, PeerConnection> _connections = [];
    private long _entered;

    public IReadOnlyList<PeerConnection> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _connections.Values];
            }
        }
    }

    /// <summary>The connection to a peer, even where it is ending.</summary>
    public PeerConnection? FindAny(PeerId peer)
    {
        lock (_gate)
        {
            return _connections.GetValueOrDefault(peer);
        }
    }

    /// <summary>The connection that streams can be opened on; null where there is none, or it is ending.</summary>
    public PeerConnection? Find(PeerId peer)
    {
        lock (_gate)
        {
            return _connections.GetValueOrDefault(peer) is { Session.Closing: false } found ? found : null;
        }
    }

    /// <summary>
    /// Enters a new connection. Where the peer has one already: of two dialled to each other at about the same time the one dialled by the
    /// larger id stays, as both sides see alike; otherwise the newer stays, since the peer must have lost the other.
    /// </summary>
    /// <param name="connection">The new one.</param>
    /// <param name="wanted">It finds a place even where there are too many.</param>
    public Entry Add(PeerConnection connection, bool wanted)
    {
        lock (_gate)
        {
            if (connection.Peer == self)
            {
                return new Entry(Libp2pFailure.IdentityMismatch, null, null);
            }

            PeerConnection? old = _connections.GetValueOrDefault(connection.Peer);
            if (old is null && !wanted && _connections.Count >= limits.Connections)
            {
                return new Entry(Libp2pFailure.LimitExceeded, null, null);
            }

            if (old is { Session.Closing: false }
                && old.Outbound != connection.Outbound
                && connection.Opened - old.Opened < limits.HandshakeDeadline
                && old.Outbound == self > connection.Peer)
            {
                return new Entry(Libp2pFailure.Unspecified, old, connection);
            }

            connection.Number = ++_entered;
            _connections[connection.Peer] = connection;
            return new Entry(Libp2pFailure.Unspecified, connection, old);
        }
    }

    public bool Remove(PeerConnection connection)
    {
        lock (_gate)
        {
            return _connections.GetValueOrDefault(connection.Peer) == connection && _connections.Remove(connection.Peer);
        }
    }

    /// <summary>What came of a new connection.</summary>
    /// <param name="Refusal">Why it was refused, or unspecified.</param>
    /// <param name="Kept">The connection that stays.</param>
    /// <param name="Dropped">The one to end, or null.</param>
    public readonly record struct Entry(Libp2pFailure Refusal, PeerConnection? Kept, PeerConnection? Dropped);
}
