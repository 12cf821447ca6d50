using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <content>The upkeep of the meshes.</content>
internal sealed partial class GossipRouter
{
    private const int MaxBackoffs = 65_536;
    private const int OpportunisticEvery = 60;
    private const int OpportunisticPeers = 2;
    private long _beats;

    /// <summary>Once a heartbeat.</summary>
    public void Heartbeat()
    {
        lock (_gate)
        {
            _beats++;
            DateTimeOffset now = time.GetUtcNow();
            Expire(now);
            foreach ((string name, Topic topic) in _topics)
            {
                Tend(name, topic);
                TellOthers(name, topic);
            }

            _cache.Shift();

            // A peer that is sent away on each connection has no other way to be taken again.
            foreach ((PeerScore score, _) in _retained.Values)
            {
                score.Decay();
            }

            foreach (GossipPeer peer in _peers.Values)
            {
                (peer.Haves, peer.Wants, peer.Ids) = (0, 0, 0);
                peer.Score.Decay();
                DropIfGraylisted(peer);
            }
        }
    }

    private void Expire(DateTimeOffset now)
    {
        _seen.Expire(now);
        foreach (((PeerId Peer, string Topic) key, Backoff backoff) in _backoffs)
        {
            // A heartbeat of slack, for clocks that differ.
            if (backoff.Until + options.Heartbeat <= now)
            {
                _backoffs.Remove(key);
            }
        }

        foreach ((PeerId id, (PeerScore Score, DateTimeOffset Until) retained) in _retained)
        {
            if (retained.Until <= now || retained.Score.Value(now, 0, 0) >= 0)
            {
                _retained.Remove(id);
            }
        }

        foreach ((MessageKey key, Dictionary<PeerId, DateTimeOffset> promises) in _promises)
        {
            foreach ((PeerId id, DateTimeOffset until) in promises)
            {
                if (until <= now)
                {
                    promises.Remove(id);
                    _peers.GetValueOrDefault(id)?.Score.Misbehaved();
                }
            }

            if (promises.Count == 0)
            {
                _promises.Remove(key);
            }
        }
    }

    private void Tend(string name, Topic topic)
    {
        foreach (GossipPeer peer in topic.Mesh.Select(id => _peers[id]).Where(peer => ScoreOf(peer) < 0).ToList())
        {
            Prune(peer, name, topic);
        }

        if (topic.Mesh.Count < options.MeshLow)
        {
            FillMesh(name, topic, options.Mesh, static _ => true);
        }

        if (topic.Mesh.Count > options.MeshHigh)
        {
            Thin(name, topic);
        }

        int outbound = topic.Mesh.Count(id => _peers[id].Outbound);
        if (topic.Mesh.Count >= options.MeshLow && outbound < options.MeshOutbound)
        {
            FillMesh(name, topic, topic.Mesh.Count + options.MeshOutbound - outbound, static peer => peer.Outbound);
        }

        if (_beats % OpportunisticEvery == 0 && topic.Mesh.Count > 1)
        {
            List<double> scores = [.. topic.Mesh.Select(id => ScoreOf(_peers[id])).Order()];
            double median = scores[scores.Count / 2];
            if (median < options.Score.OpportunisticThreshold)
            {
                FillMesh(name, topic, topic.Mesh.Count + OpportunisticPeers, peer => ScoreOf(peer) > median);
            }
        }
    }

    /// <summary>Keeps the best by score, the rest by chance, and enough that this host dialled.</summary>
    private void Thin(string name, Topic topic)
    {
        List<GossipPeer> ranked = [.. Shuffled(topic.Mesh.Select(id => _peers[id])).OrderByDescending(ScoreOf)];
        List<GossipPeer> kept = [.. ranked.Take(options.MeshByScore)];
        List<GossipPeer> rest = Shuffled(ranked.Skip(options.MeshByScore));
        int missing = Math.Max(0, options.MeshOutbound - kept.Count(peer => peer.Outbound));
        List<GossipPeer> dialled = [.. rest.Where(peer => peer.Outbound).Take(missing)];
        kept.AddRange(dialled);
        kept.AddRange(rest.Except(dialled).Take(options.Mesh - kept.Count));
        foreach (GossipPeer peer in ranked.Except(kept))
        {
            Prune(peer, name, topic);
        }
    }

    private void FillMesh(string name, Topic topic, int target, Func<GossipPeer, bool> wanted)
    {
        int missing = target - topic.Mesh.Count;
        if (missing > 0)
        {
            foreach (GossipPeer peer in Shuffled(_peers.Values.Where(peer => wanted(peer) && MayGraft(peer, name, topic))).Take(missing))
            {
                Graft(peer, name, topic);
            }
        }
    }

    private bool MayGraft(GossipPeer peer, string name, Topic topic) =>
        peer.Topics.Contains(name)
        && !topic.Mesh.Contains(peer.Id)
        && !_backoffs.ContainsKey((peer.Id, name))
        && ScoreOf(peer) >= 0;

    private void Graft(GossipPeer peer, string name, Topic topic)
    {
        topic.Mesh.Add(peer.Id);
        peer.Score.Grafted(name, time.GetUtcNow());
        Rpc rpc = new();
        rpc.Graft.Add(name);
        Send(peer, rpc);
    }

    private void Prune(GossipPeer peer, string name, Topic topic)
    {
        topic.Mesh.Remove(peer.Id);
        peer.Score.Pruned(name, time.GetUtcNow());
        SendPrune(peer, name, options.PruneBackoff);
    }

    private void SendPrune(GossipPeer peer, string name, TimeSpan backoff)
    {
        SetBackoff(peer, name, backoff);
        Rpc rpc = new();
        rpc.Prune.Add((name, (ulong)backoff.TotalSeconds));
        Send(peer, rpc);
    }

    private void SetBackoff(GossipPeer peer, string name, TimeSpan backoff)
    {
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset until = now + backoff;
        bool known = _backoffs.TryGetValue((peer.Id, name), out Backoff old);
        if (known ? old.Until < until || old.Connection != peer.Number : _backoffs.Count < MaxBackoffs)
        {
            _backoffs[(peer.Id, name)] = new Backoff(now, until > old.Until ? until : old.Until, peer.Number);
        }
    }

    /// <summary>Tells some peers outside the mesh what there is.</summary>
    private void TellOthers(string name, Topic topic)
    {
        List<MessageKey> recent = _cache.Recent(name);
        if (recent.Count == 0)
        {
            return;
        }

        List<GossipPeer> others = Shuffled(_peers.Values.Where(peer =>
            peer.Topics.Contains(name) && !topic.Mesh.Contains(peer.Id) && ScoreOf(peer) >= options.Score.GossipThreshold));
        Rpc rpc = new();
        rpc.Have.Add((name, [.. Shuffled(recent).Take(options.MaxIdsPerHeartbeat)]));
        SendAll(others.Take(Math.Max(options.Lazy, (int)(options.LazyFactor * others.Count))), rpc);
    }
}
