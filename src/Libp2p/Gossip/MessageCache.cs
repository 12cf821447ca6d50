using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>The messages of the last heartbeats, for peers that ask; bounded in bytes too. Not thread-safe.</summary>
internal sealed class MessageCache(GossipOptions options)
{
    private readonly Dictionary<MessageKey, Entry> _entries = [];
    private readonly List<List<MessageKey>> _windows = [[]];
    private long _bytes;

    /// <summary>Keeps a message as the frame that carries it to peers, shared by all of them.</summary>
    public void Put(MessageKey key, string topic, byte[] frame)
    {
        if (_bytes + frame.Length <= options.MaxCacheBytes && _entries.TryAdd(key, new Entry(topic, frame)))
        {
            _bytes += frame.Length;
            _windows[0].Add(key);
        }
    }

    /// <summary>The message's frame, for a peer that asks for it; null where there is none or the peer had it often enough.</summary>
    public byte[]? Take(MessageKey key, PeerId peer)
    {
        if (!_entries.TryGetValue(key, out Entry? entry))
        {
            return null;
        }

        int sent = entry.Sent.GetValueOrDefault(peer);
        entry.Sent[peer] = sent + 1;
        return sent < options.MaxRetransmissions ? entry.Frame : null;
    }

    /// <summary>The ids of a topic that are news still.</summary>
    public List<MessageKey> Recent(string topic) =>
        [.. _windows.Take(options.GossipWindows).SelectMany(window => window).Where(key => _entries[key].Topic == topic)];

    public void Shift()
    {
        if (_windows.Count >= options.History)
        {
            foreach (MessageKey key in _windows[^1])
            {
                _bytes -= _entries[key].Frame.Length;
                _entries.Remove(key);
            }

            _windows.RemoveAt(_windows.Count - 1);
        }

        _windows.Insert(0, []);
    }

    private sealed class Entry(string topic, byte[] frame)
    {
        public string Topic => topic;

        public byte[] Frame => frame;

        public Dictionary<PeerId, int> Sent { get; } = [];
    }
}
