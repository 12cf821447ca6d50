using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Connections;

/// <summary>The protocols that a host serves, and how many streams of each are open. Thread-safe.</summary>
internal sealed class ProtocolTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries.Keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    public void Add(string protocol, StreamHandler handler, StreamLimits limits)
    {
        lock (_gate)
        {
            _entries.Add(protocol, new Entry(handler, limits));
        }
    }

    public bool Contains(string protocol)
    {
        lock (_gate)
        {
            return _entries.ContainsKey(protocol);
        }
    }

    /// <summary>The handler, and a place for one more stream; null where there is none. <see cref="Leave"/> gives it back.</summary>
    public StreamHandler? Enter(string protocol, PeerId peer)
    {
        lock (_gate)
        {
            Entry entry = _entries[protocol];
            int ofPeer = entry.Open.GetValueOrDefault(peer);
            if (ofPeer >= entry.Limits.PerPeer || entry.Total >= entry.Limits.Total)
            {
                return null;
            }

            entry.Open[peer] = ofPeer + 1;
            entry.Total++;
            return entry.Handler;
        }
    }

    public void Leave(string protocol, PeerId peer)
    {
        lock (_gate)
        {
            Entry entry = _entries[protocol];
            entry.Total--;
            int left = --entry.Open[peer];
            if (left == 0)
            {
                entry.Open.Remove(peer);
            }
        }
    }

    private sealed class Entry(StreamHandler handler, StreamLimits limits)
    {
        public StreamHandler Handler => handler;

        public StreamLimits Limits => limits;

        public Dictionary<PeerId, int> Open { get; } = [];

        public int Total { get; set; }
    }
}
