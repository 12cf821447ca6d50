using System.Buffers.Binary;
using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>
/// Gossipsub's state and rules, without waiting: what comes in changes the state and fills the peers' outboxes. One lock guards it.
/// </summary>
internal sealed partial class GossipRouter(GossipOptions options, TimeProvider time, FillRandom fillRandom, Action<PeerId> drop)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, GossipPeer> _peers = [];
    private readonly Dictionary<PeerId, (PeerScore Score, DateTimeOffset Until)> _retained = [];
    private readonly Dictionary<string, int> _atAddress = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<(PeerId Peer, string Topic), Backoff> _backoffs = [];
    private readonly SeenCache _seen = new(options.SeenFor, options.MaxSeen);
    private readonly MessageCache _cache = new(options);
    private readonly Dictionary<MessageKey, Validation> _validating = [];
    private long _validatingBytes;

    /// <summary>Takes in a peer; false where it is known already.</summary>
    public bool AddPeer(PeerId id, bool outbound, string address, PeerOutbox outbox)
    {
        lock (_gate)
        {
            if (_peers.ContainsKey(id))
            {
                return false;
            }

            PeerScore score = _retained.Remove(id, out (PeerScore Score, DateTimeOffset Until) retained)
                ? retained.Score
                : new PeerScore(options.Score);
            GossipPeer peer = new(id, outbound, address, score, outbox);
            _peers.Add(id, peer);
            _atAddress[address] = _atAddress.GetValueOrDefault(address) + 1;
            Rpc greeting = new();
            greeting.Subscriptions.AddRange(_topics.Keys.Select(static topic => (true, topic)));
            Send(peer, greeting);
            return true;
        }
    }

    /// <summary>Forgets a peer, but not its score.</summary>
    public void RemovePeer(PeerId id, PeerOutbox outbox)
    {
        lock (_gate)
        {
            if (!_peers.TryGetValue(id, out GossipPeer? peer) || peer.Outbox != outbox)
            {
                return;
            }

            DateTimeOffset now = time.GetUtcNow();
            _peers.Remove(id);
            if (--_atAddress[peer.Address] == 0)
            {
                _atAddress.Remove(peer.Address);
            }

            foreach ((string name, Topic topic) in _topics)
            {
                if (topic.Mesh.Remove(id))
                {
                    peer.Score.Pruned(name, now);
                }
            }

            if (_retained.Count < MaxRetained)
            {
                _retained[id] = (peer.Score, now + options.Score.RetainFor);
            }

            outbox.Close();
        }
    }

    /// <summary>Joins a topic.</summary>
    /// <exception cref="ArgumentException">Joined already, or the name is too long.</exception>
    public void Join(string name, GossipValidator validator)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(name) is 0 or > RpcDecoder.MaxTopic)
        {
            throw new ArgumentException($"A topic's name has 1 to {RpcDecoder.MaxTopic} bytes.", nameof(name));
        }

        lock (_gate)
        {
            Topic topic = new(validator);
            _topics.Add(name, topic);
            Rpc rpc = new();
            rpc.Subscriptions.Add((true, name));
            SendAll(_peers.Values, rpc);
            FillMesh(name, topic, options.Mesh, static _ => true);
        }
    }

    /// <summary>Leaves a topic.</summary>
    public void Leave(string name)
    {
        lock (_gate)
        {
            if (!_topics.Remove(name, out Topic? topic))
            {
                return;
            }

            DateTimeOffset now = time.GetUtcNow();
            foreach (PeerId id in topic.Mesh)
            {
                _peers[id].Score.Pruned(name, now);
                SendPrune(_peers[id], name, options.LeaveBackoff);
            }

            Rpc rpc = new();
            rpc.Subscriptions.Add((false, name));
            SendAll(_peers.Values, rpc);
        }
    }

    /// <summary>Sends an own message to every peer of the topic that is good enough: to how many, or -1 where it was sent before.</summary>
    public int Publish(string topic, ReadOnlyMemory<byte> data)
    {
        MessageKey key = MessageKey.Of(data.Span);
        RpcMessage message = new(topic, data, Signed: false);
        lock (_gate)
        {
            if (!_seen.Add(key, time.GetUtcNow()))
            {
                return -1;
            }

            _cache.Put(key, message);
            double threshold = options.Score.PublishThreshold;
            return SendMessage(message, _peers.Values.Where(peer => peer.Topics.Contains(topic) && ScoreOf(peer) >= threshold));
        }
    }

    /// <summary>What a peer said. Returns the messages to judge; each is followed by <see cref="Judged"/>.</summary>
    public IReadOnlyList<Validation> Receive(PeerId from, ReadOnlyMemory<byte> frame)
    {
        Rpc? rpc = RpcDecoder.TryDecode(frame);
        lock (_gate)
        {
            if (!_peers.TryGetValue(from, out GossipPeer? peer) || ScoreOf(peer) < options.Score.GraylistThreshold)
            {
                return [];
            }

            if (rpc is null)
            {
                peer.Score.Misbehaved();
                if (++peer.BadRpcs >= options.MaxBadRpcs)
                {
                    drop(from);
                }

                return [];
            }

            OnSubscriptions(peer, rpc);
            List<Validation> validations = [];
            foreach (RpcMessage message in rpc.Messages)
            {
                if (OnMessage(peer, message) is { } validation)
                {
                    validations.Add(validation);
                }
            }

            OnControl(peer, rpc);
            return validations;
        }
    }

    /// <summary>What became of a message that was to be judged.</summary>
    public void Judged(Validation validation, GossipVerdict verdict)
    {
        lock (_gate)
        {
            _validating.Remove(validation.Key);
            _validatingBytes -= validation.Message.Data.Length;
            string name = validation.Message.Topic;
            if (!_topics.TryGetValue(name, out Topic? topic))
            {
                return;
            }

            if (verdict == GossipVerdict.Reject)
            {
                foreach (PeerId sender in validation.Senders)
                {
                    Blame(sender, name);
                }
            }
            else if (verdict == GossipVerdict.Accept)
            {
                _peers.GetValueOrDefault(validation.Senders[0])?.Score.DeliveredFirst(name);
                _cache.Put(validation.Key, validation.Message);
                SendMessage(validation.Message, topic.Mesh.Where(id => !validation.Senders.Contains(id)).Select(id => _peers[id]));
            }
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

    /// <summary>The peers that are subscribed to a topic, and those of them in this host's mesh.</summary>
    public (int Subscribed, IReadOnlyList<PeerId> Mesh) Describe(string topic)
    {
        lock (_gate)
        {
            return (_peers.Values.Count(peer => peer.Topics.Contains(topic)), [.. _topics.GetValueOrDefault(topic)?.Mesh ?? []]);
        }
    }

    private double ScoreOf(GossipPeer peer)
    {
        int atAddress = options.Score.AddressesNotCounted.Contains(peer.Address, StringComparer.Ordinal) ? 0 : _atAddress[peer.Address];
        return peer.Score.Value(time.GetUtcNow(), options.Score.Application?.Invoke(peer.Id) ?? 0, atAddress);
    }

    private void Blame(PeerId sender, string topic)
    {
        if (_peers.TryGetValue(sender, out GossipPeer? peer))
        {
            peer.Score.Invalid(topic);
            if (ScoreOf(peer) < options.Score.GraylistThreshold)
            {
                drop(sender);
            }
        }
    }

    private void Send(GossipPeer peer, Rpc rpc)
    {
        if (!peer.Outbox.TryControl(rpc.ToFrame()))
        {
            drop(peer.Id);
        }
    }

    private void SendAll(IEnumerable<GossipPeer> peers, Rpc rpc)
    {
        foreach (GossipPeer peer in peers)
        {
            Send(peer, rpc);
        }
    }

    private static int SendMessage(RpcMessage message, IEnumerable<GossipPeer> peers)
    {
        Rpc rpc = new();
        rpc.Messages.Add(message);
        byte[]? frame = null;
        return peers.Count(peer => peer.Outbox.TryMessage(frame ??= rpc.ToFrame()));
    }

    private int Pick(int below)
    {
        Span<byte> random = stackalloc byte[sizeof(uint)];
        fillRandom(random);
        return (int)(BinaryPrimitives.ReadUInt32LittleEndian(random) % (uint)below);
    }

    /// <summary>In random order. Dictionaries' own order is the same for the same history, so a seed decides it all.</summary>
    private List<T> Shuffled<T>(IEnumerable<T> items)
    {
        List<T> list = [.. items];
        for (int i = list.Count - 1; i > 0; i--)
        {
            int other = Pick(i + 1);
            (list[i], list[other]) = (list[other], list[i]);
        }

        return list;
    }

    private sealed class Topic(GossipValidator validator)
    {
        public GossipValidator Validator => validator;

        public HashSet<PeerId> Mesh { get; } = [];
    }

    private readonly record struct Backoff(DateTimeOffset Since, DateTimeOffset Until);

    /// <summary>A message that is being judged, and who has sent it so far.</summary>
    internal sealed record Validation(MessageKey Key, RpcMessage Message, GossipValidator Validator, List<PeerId> Senders);
}
