using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Connections;

/// <summary>The connections of a host: one a peer. Thread-safe.</summary>
internal sealed class PeerTable(PeerId self, ConnectionLimits limits)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, PeerConnection> _connections = [];

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

    public PeerConnection? Find(PeerId peer)
    {
        lock (_gate)
        {
            return _connections.GetValueOrDefault(peer);
        }
    }

    /// <summary>
    /// Enters a new connection. Where the peer has one already: of two dialled to each other at about the same time the one dialled by the
    /// larger id stays, as both sides see alike; otherwise the newer stays, since the peer must have lost the other.
    /// </summary>
    public Entry Add(PeerConnection connection)
    {
        lock (_gate)
        {
            if (connection.Peer == self)
            {
                return new Entry(Libp2pFailure.IdentityMismatch, null, null);
            }

            PeerConnection? old = _connections.GetValueOrDefault(connection.Peer);
            if (old is null && _connections.Count >= limits.Connections)
            {
                return new Entry(Libp2pFailure.LimitExceeded, null, null);
            }

            if (old is not null
                && old.Outbound != connection.Outbound
                && connection.Opened - old.Opened < limits.HandshakeDeadline
                && old.Outbound == self > connection.Peer)
            {
                return new Entry(Libp2pFailure.Unspecified, old, connection);
            }

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
