using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <content>What peers say.</content>
internal sealed partial class GossipRouter
{
    private const int MaxPromises = 4096;
    private static readonly TimeSpan GraftFlood = TimeSpan.FromSeconds(10);
    private readonly Dictionary<MessageKey, Dictionary<PeerId, DateTimeOffset>> _promises = [];

    private void OnSubscriptions(GossipPeer peer, Rpc rpc)
    {
        foreach ((bool subscribe, string name) in rpc.Subscriptions)
        {
            if (!subscribe)
            {
                peer.Topics.Remove(name);
                if (_topics.GetValueOrDefault(name)?.Mesh.Remove(peer.Id) == true)
                {
                    peer.Score.Pruned(name, time.GetUtcNow());
                }
            }
            else if (peer.Topics.Count < options.MaxTopicsPerPeer
                && peer.Topics.Add(name)
                && _topics.TryGetValue(name, out Topic? topic)
                && topic.Mesh.Count < options.Mesh
                && MayGraft(peer, name, topic))
            {
                Graft(peer, name, topic);
            }
        }
    }

    /// <summary>The message to be judged, or null where there is nothing to judge.</summary>
    private Validation? OnMessage(GossipPeer peer, RpcMessage message, MessageKey key, int frameLength)
    {
        if (key == default || !_topics.TryGetValue(message.Topic, out Topic? topic))
        {
            return null;
        }

        bool oversized = message.Data.Length > options.MaxMessage;
        if (message.Signed || oversized)
        {
            Blame(peer, message.Topic);
            if (oversized)
            {
                options.Oversized?.Invoke(peer.Id);
            }

            return null;
        }

        _promises.Remove(key);
        if (_validating.TryGetValue(key, out Validation? running))
        {
            if (!running.Senders.Contains(peer.Id))
            {
                running.Senders.Add(peer.Id);
                peer.Score.Delivered(message.Topic);
            }

            return null;
        }

        int size = message.Data.Length;
        if (_seen.Contains(key)
            || _validating.Count >= options.MaxValidations
            || _validatingBytes + size > options.MaxValidationBytes
            || peer.Validating >= options.MaxValidationsPerPeer
            || peer.ValidatingBytes + size > options.MaxValidationBytesPerPeer)
        {
            return null;
        }

        // A small message must not keep the memory of a large frame.
        RpcMessage kept = size < frameLength / 2 ? message with { Data = message.Data.ToArray() } : message;
        _seen.Add(key, time.GetUtcNow());
        Validation validation = new(key, kept, topic.Validator, peer, [peer.Id]);
        _validating.Add(key, validation);
        _validatingBytes += size;
        peer.Validating++;
        peer.ValidatingBytes += size;
        return validation;
    }

    private void OnControl(GossipPeer peer, Rpc rpc)
    {
        if (ScoreOf(peer) >= options.Score.GossipThreshold)
        {
            OnHave(peer, rpc);
            OnWant(peer, rpc);
        }

        foreach (string topic in rpc.Graft)
        {
            OnGraft(peer, topic);
        }

        foreach ((string name, ulong seconds) in rpc.Prune)
        {
            if (_topics.TryGetValue(name, out Topic? topic))
            {
                if (topic.Mesh.Remove(peer.Id))
                {
                    peer.Score.Pruned(name, time.GetUtcNow());
                }

                TimeSpan asked = TimeSpan.FromSeconds(Math.Min(seconds, options.MaxBackoff.TotalSeconds));
                SetBackoff(peer, name, asked == TimeSpan.Zero ? options.PruneBackoff : asked);
            }
        }
    }

    private void OnHave(GossipPeer peer, Rpc rpc)
    {
        List<MessageKey> wanted = [];
        HashSet<MessageKey> asked = [];
        foreach ((string name, List<MessageKey> ids) in rpc.Have)
        {
            if (++peer.Haves > options.MaxControlPerHeartbeat)
            {
                break;
            }

            if (_topics.ContainsKey(name))
            {
                foreach (MessageKey id in ids.TakeWhile(_ => peer.Ids++ < options.MaxIdsPerHeartbeat))
                {
                    if (!_seen.Contains(id) && !_validating.ContainsKey(id) && asked.Add(id))
                    {
                        wanted.Add(id);
                    }
                }
            }
        }

        if (wanted.Count == 0)
        {
            return;
        }

        MessageKey promised = wanted[Pick(wanted.Count)];
        if (_promises.Count < MaxPromises)
        {
            if (!_promises.TryGetValue(promised, out Dictionary<PeerId, DateTimeOffset>? by))
            {
                _promises[promised] = by = [];
            }

            by.TryAdd(peer.Id, time.GetUtcNow() + options.PromiseFor);
        }

        Rpc answer = new();
        answer.Want.Add(wanted);
        Send(peer, answer);
    }

    private void OnWant(GossipPeer peer, Rpc rpc)
    {
        foreach (List<MessageKey> ids in rpc.Want)
        {
            if (++peer.Wants > options.MaxControlPerHeartbeat)
            {
                return;
            }

            foreach (MessageKey id in ids.TakeWhile(_ => peer.Ids++ < options.MaxIdsPerHeartbeat))
            {
                if (_cache.Take(id, peer.Id) is { } frame)
                {
                    _ = peer.Outbox.TryMessage(frame);
                }
            }
        }
    }

    private void OnGraft(GossipPeer peer, string name)
    {
        if (!_topics.TryGetValue(name, out Topic? topic) || topic.Mesh.Contains(peer.Id))
        {
            return;
        }

        DateTimeOffset now = time.GetUtcNow();

        // On another connection it may have been agreed on with a process that is gone: who was started anew does not know of it.
        if (_backoffs.TryGetValue((peer.Id, name), out Backoff backoff) && backoff.Until > now && backoff.Connection == peer.Number)
        {
            peer.Score.Misbehaved();
            if (now - backoff.Since < GraftFlood)
            {
                peer.Score.Misbehaved();
            }

            SendPrune(peer, name, options.PruneBackoff);
        }
        else if (ScoreOf(peer) < 0 || (topic.Mesh.Count >= options.MeshHigh && !peer.Outbound))
        {
            SendPrune(peer, name, options.PruneBackoff);
        }
        else
        {
            topic.Mesh.Add(peer.Id);
            peer.Score.Grafted(name, now);
        }
    }
}
