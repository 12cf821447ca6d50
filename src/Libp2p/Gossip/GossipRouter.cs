using System.Buffers.Binary;
using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>
/// Gossipsub's state and rules, without waiting: what comes in changes the state and fills the peers' outboxes. One lock guards it.
/// </summary>
internal sealed partial class GossipRouter(GossipOptions options, TimeProvider time, FillRandom fillRandom, Action<PeerId> drop)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<(PeerId Peer, string Topic), Backoff> _backoffs = [];
    private readonly SeenCache _seen = new(options.SeenFor, options.MaxSeen);
    private readonly MessageCache _cache = new(options);
    private readonly Dictionary<MessageKey, Validation> _validating = [];
    private long _validatingBytes;

    /// <summary>The names of the topics, to be looked at without the lock; never changed but replaced.</summary>
    private volatile HashSet<string> _joined = [];

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
            _joined = [.. _topics.Keys];
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

            _joined = [.. _topics.Keys];
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
        byte[] frame = Rpc.FrameOf(topic, data.Span);
        lock (_gate)
        {
            if (!_seen.Add(key, time.GetUtcNow()))
            {
                return -1;
            }

            _cache.Put(key, topic, frame);
            double threshold = options.Score.PublishThreshold;
            return _peers.Values.Count(peer =>
                peer.Topics.Contains(topic) && ScoreOf(peer) >= threshold && peer.Outbox.TryMessage(frame));
        }
    }

    /// <summary>What a peer said. Returns the messages to judge; each is followed by <see cref="Judged"/>.</summary>
    public IReadOnlyList<Validation> Receive(PeerId from, PeerOutbox outbox, ReadOnlyMemory<byte> frame)
    {
        Rpc? rpc = RpcDecoder.TryDecode(frame);
        MessageKey[] keys = rpc is null ? [] : KeysOf(rpc);
        lock (_gate)
        {
            if (!_peers.TryGetValue(from, out GossipPeer? peer) || peer.Outbox != outbox || peer.Dropped)
            {
                return [];
            }

            if (rpc is null)
            {
                peer.Score.Misbehaved();
                if (++peer.BadRpcs >= options.MaxBadRpcs)
                {
                    Drop(peer);
                }

                return [];
            }

            if (!peer.Work.TryTake(rpc.Entries + 1))
            {
                peer.Score.Misbehaved();
                Drop(peer);
                return [];
            }

            if (ScoreOf(peer) < options.Score.GraylistThreshold)
            {
                Drop(peer);
                return [];
            }

            OnSubscriptions(peer, rpc);
            List<Validation> validations = [];
            for (int i = 0; i < rpc.Messages.Count; i++)
            {
                if (OnMessage(peer, rpc.Messages[i], keys[i], frame.Length) is { } validation)
                {
                    validations.Add(validation);
                }
            }

            OnControl(peer, rpc);
            DropIfGraylisted(peer);
            return validations;
        }
    }

    /// <summary>What became of a message that was to be judged.</summary>
    public void Judged(Validation validation, GossipVerdict verdict)
    {
        string name = validation.Message.Topic;
        byte[] frame = verdict == GossipVerdict.Accept ? Rpc.FrameOf(name, validation.Message.Data.Span) : [];
        lock (_gate)
        {
            int size = validation.Message.Data.Length;
            _validating.Remove(validation.Key);
            _validatingBytes -= size;
            validation.First.Validating--;
            validation.First.ValidatingBytes -= size;
            if (!_topics.TryGetValue(name, out Topic? topic))
            {
                return;
            }

            if (verdict == GossipVerdict.Reject)
            {
                foreach (PeerId sender in validation.Senders)
                {
                    if (_peers.TryGetValue(sender, out GossipPeer? peer))
                    {
                        Blame(peer, name);
                    }
                }
            }
            else if (verdict == GossipVerdict.Accept)
            {
                _peers.GetValueOrDefault(validation.First.Id)?.Score.DeliveredFirst(name);
                _cache.Put(validation.Key, name, frame);
                foreach (PeerId id in topic.Mesh)
                {
                    if (!validation.Senders.Contains(id))
                    {
                        // Where there is no room, the peer hears of the message with the next heartbeat.
                        _ = _peers[id].Outbox.TryMessage(frame);
                    }
                }
            }
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

    private void Send(GossipPeer peer, Rpc rpc)
    {
        if (!peer.Outbox.TryControl(rpc.ToFrame()))
        {
            Drop(peer);
        }
    }

    private void SendAll(IEnumerable<GossipPeer> peers, Rpc rpc)
    {
        foreach (GossipPeer peer in peers)
        {
            Send(peer, rpc);
        }
    }

    /// <summary>The ids of messages that may be news, outside of the lock: it is most of the work.</summary>
    private MessageKey[] KeysOf(Rpc rpc)
    {
        HashSet<string> joined = _joined;
        return [.. rpc.Messages.Select(message => joined.Contains(message.Topic) ? MessageKey.Of(message.Data.Span) : default)];
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

    private readonly record struct Backoff(DateTimeOffset Since, DateTimeOffset Until, long Connection);

    /// <summary>A message that is being judged, who brought it, and all who have sent it so far (guarded by the router's lock).</summary>
    internal sealed record Validation(
        MessageKey Key, RpcMessage Message, GossipValidator Validator, GossipPeer First, List<PeerId> Senders);
}
