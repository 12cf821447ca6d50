using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>The messages of the last heartbeats, for peers that ask; bounded in bytes too. Not thread-safe.</summary>
internal sealed class MessageCache(GossipOptions options)
{
    private readonly Dictionary<MessageKey, Entry> _entries = [];
    private readonly List<List<MessageKey>> _windows = [[]];
    private long _bytes;

    public void Put(MessageKey key, RpcMessage message)
    {
        if (_bytes + message.Data.Length <= options.MaxCacheBytes && _entries.TryAdd(key, new Entry(message)))
        {
            _bytes += message.Data.Length;
            _windows[0].Add(key);
        }
    }

    /// <summary>The message, for a peer that asks for it; null where there is none or the peer had it often enough.</summary>
    public RpcMessage? Take(MessageKey key, PeerId peer)
    {
        if (!_entries.TryGetValue(key, out Entry? entry))
        {
            return null;
        }

        int sent = entry.Sent.GetValueOrDefault(peer);
        entry.Sent[peer] = sent + 1;
        return sent < options.MaxRetransmissions ? entry.Message : null;
    }

    /// <summary>The ids of a topic that are news still.</summary>
    public List<MessageKey> Recent(string topic) =>
        [.. _windows.Take(options.GossipWindows).SelectMany(window => window).Where(key => _entries[key].Message.Topic == topic)];

    public void Shift()
    {
        if (_windows.Count >= options.History)
        {
            foreach (MessageKey key in _windows[^1])
            {
                _bytes -= _entries[key].Message.Data.Length;
                _entries.Remove(key);
            }

            _windows.RemoveAt(_windows.Count - 1);
        }

        _windows.Insert(0, []);
    }

    private sealed class Entry(RpcMessage message)
    {
        public RpcMessage Message => message;

        public Dictionary<PeerId, int> Sent { get; } = [];
    }
}
