using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <content>Who is there, and what is thought of them.</content>
internal sealed partial class GossipRouter
{
    private const int MaxRetained = 4096;
    private readonly Dictionary<PeerId, GossipPeer> _peers = [];
    private readonly Dictionary<PeerId, (PeerScore Score, DateTimeOffset Until)> _retained = [];
    private readonly Dictionary<string, int> _atAddress = new(StringComparer.Ordinal);

    /// <summary>The peers there are.</summary>
    public IReadOnlyList<PeerId> Peers
    {
        get
        {
            lock (_gate)
            {
                return [.. _peers.Keys];
            }
        }
    }

    /// <summary>
    /// Takes in a peer on a new connection; false where it is known by a newer one. What it said on an older one is forgotten: it says it
    /// anew.
    /// </summary>
    public bool AddPeer(GossipPeer.Introduction introduction, double application = 0)
    {
        lock (_gate)
        {
            if (_peers.TryGetValue(introduction.Id, out GossipPeer? old))
            {
                if (old.Number >= introduction.Number)
                {
                    return false;
                }

                Remove(old);
            }

            PeerScore score = _retained.Remove(introduction.Id, out (PeerScore Score, DateTimeOffset Until) retained)
                ? retained.Score
                : new PeerScore(options.Score);
            Allowance work = new(options.MaxEntriesPerSecond * 5, options.MaxEntriesPerSecond, time);
            GossipPeer peer = new(introduction, score, work) { Application = application };
            _peers.Add(peer.Id, peer);
            _atAddress[peer.Address] = _atAddress.GetValueOrDefault(peer.Address) + 1;
            SendGreeting(peer);
            return true;
        }
    }

    /// <summary>Forgets a peer, but not a bad score.</summary>
    public void RemovePeer(PeerId id, PeerOutbox outbox)
    {
        lock (_gate)
        {
            if (_peers.TryGetValue(id, out GossipPeer? peer) && peer.Outbox == outbox)
            {
                Remove(peer);
            }
        }
    }

    /// <summary>Tells a peer everything anew, on a new stream of the same connection; false where it is gone.</summary>
    public bool Greet(PeerId id, PeerOutbox outbox)
    {
        lock (_gate)
        {
            bool known = _peers.TryGetValue(id, out GossipPeer? peer) && peer.Outbox == outbox;
            if (known)
            {
                SendGreeting(peer!);
            }

            return known;
        }
    }

    /// <summary>What the application thinks of a peer.</summary>
    public void Rate(PeerId id, double application)
    {
        lock (_gate)
        {
            if (_peers.TryGetValue(id, out GossipPeer? peer))
            {
                peer.Application = application;
            }
        }
    }

    /// <summary>What the application thought of a peer last.</summary>
    public double RatingOf(PeerId id)
    {
        lock (_gate)
        {
            return _peers.GetValueOrDefault(id)?.Application ?? 0;
        }
    }

    /// <summary>The score of a peer; null where it is not connected.</summary>
    public double? ScoreOf(PeerId id)
    {
        lock (_gate)
        {
            return _peers.TryGetValue(id, out GossipPeer? peer) ? ScoreOf(peer) : null;
        }
    }

    private double ScoreOf(GossipPeer peer)
    {
        int atAddress = options.Score.AddressesNotCounted.Contains(peer.Address, StringComparer.Ordinal) ? 0 : _atAddress[peer.Address];
        return peer.Score.Value(time.GetUtcNow(), peer.Application, atAddress);
    }

    private void SendGreeting(GossipPeer peer)
    {
        Rpc greeting = new();
        greeting.Subscriptions.AddRange(_topics.Keys.Select(static topic => (true, topic)));
        greeting.Graft.AddRange(_topics.Where(topic => topic.Value.Mesh.Contains(peer.Id)).Select(static topic => topic.Key));
        Send(peer, greeting);
    }

    private void Remove(GossipPeer peer)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach ((string name, Topic topic) in _topics)
        {
            if (topic.Mesh.Remove(peer.Id))
            {
                peer.Score.Pruned(name, now);
            }
        }

        // A process that was killed could not keep its promises.
        foreach (Dictionary<PeerId, DateTimeOffset> promises in _promises.Values)
        {
            promises.Remove(peer.Id);
        }

        // A good score is not worth a place: it is earned again. The worst of what a peer did must not end with its connection.
        if (_retained.Count < MaxRetained && peer.Score.Value(now, 0, 0) < 0)
        {
            _retained[peer.Id] = (peer.Score, now + options.Score.RetainFor);
        }

        _peers.Remove(peer.Id);
        if (--_atAddress[peer.Address] == 0)
        {
            _atAddress.Remove(peer.Address);
        }

        peer.Outbox.Close();
    }

    /// <summary>Has a peer disconnected, once.</summary>
    private void Drop(GossipPeer peer)
    {
        if (!peer.Dropped)
        {
            peer.Dropped = true;
            drop(peer.Id);
        }
    }

    private void DropIfGraylisted(GossipPeer peer)
    {
        if (ScoreOf(peer) < options.Score.GraylistThreshold)
        {
            Drop(peer);
        }
    }

    private void Blame(GossipPeer peer, string topic)
    {
        peer.Score.Invalid(topic);
        DropIfGraylisted(peer);
    }
}
