using Kimura.Libp2p.Identities;

namespace Kimura.Silo.Network;

/// <summary>
/// What is known of the connected peers: how far each one's chain reaches, by headers that the leader signed, and what it is blamed for.
/// Thread-safe.
/// </summary>
internal sealed class PeerBook(TimeProvider time)
{
    /// <summary>The blame at which a peer is disconnected and kept away for a while.</summary>
    public const int BlameLimit = 100;

    private const int MaxDeparted = 1_024;
    private static readonly TimeSpan BlameTime = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, Entry> _peers = [];
    // Blame of those that left, so that nobody is rid of it by connecting again; full blame keeps a peer away.
    private readonly Dictionary<PeerId, (int Blame, DateTimeOffset Until)> _departed = [];
    private long _clock;

    /// <summary>How many peers are connected.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _peers.Count;
            }
        }
    }

    /// <summary>The height that the farthest connected peer holds; 0 where nobody has said.</summary>
    public ulong Target
    {
        get
        {
            lock (_gate)
            {
                return _peers.Count == 0 ? 0 : _peers.Values.Max(entry => entry.Height);
            }
        }
    }

    /// <summary>False for a peer that is kept away.</summary>
    public bool Enter(PeerId peer)
    {
        lock (_gate)
        {
            var departed = _departed.GetValueOrDefault(peer);
            var blame = departed.Until > time.GetUtcNow() ? departed.Blame : 0;
            if (blame >= BlameLimit)
            {
                return false;
            }

            _departed.Remove(peer);
            _peers.TryAdd(peer, new Entry { Blame = blame });
            return true;
        }
    }

    public void Leave(PeerId peer)
    {
        lock (_gate)
        {
            if (_peers.Remove(peer, out var entry) && entry.Blame > 0 && entry.Blame < BlameLimit)
            {
                Remember(peer, entry.Blame);
            }
        }
    }

    /// <summary>Notes that a peer holds the chain up to a height whose header the leader signed.</summary>
    public void Reaches(PeerId peer, ulong height)
    {
        lock (_gate)
        {
            if (_peers.TryGetValue(peer, out var entry) && height > entry.Height)
            {
                entry.Height = height;
                entry.Since = ++_clock;
            }
        }
    }

    /// <summary>
    /// Who to ask for the block at a height, and how far that peer reaches: of those that have it the least busy one, and of these the one
    /// that said so first.
    /// </summary>
    public (PeerId Peer, ulong Height)? Choose(ulong height, IReadOnlySet<PeerId> without)
    {
        lock (_gate)
        {
            var found = _peers
                .Where(peer => peer.Value.Height >= height && !without.Contains(peer.Key))
                .OrderBy(peer => peer.Value.Busy)
                .ThenBy(peer => peer.Value.Since)
                .ToList();
            return found.Count == 0 ? null : (found[0].Key, found[0].Value.Height);
        }
    }

    /// <summary>Counts requests to a peer that are under way.</summary>
    public void Burden(PeerId peer, int change)
    {
        lock (_gate)
        {
            if (_peers.TryGetValue(peer, out var entry))
            {
                entry.Busy += change;
            }
        }
    }

    /// <summary>The peer could not give what it said it has: it must say so again before it is asked again.</summary>
    public void Doubt(PeerId peer)
    {
        lock (_gate)
        {
            if (_peers.TryGetValue(peer, out var entry))
            {
                entry.Height = 0;
            }
        }
    }

    /// <summary>Blames a peer for invalid data; true where it is to be disconnected, once.</summary>
    public bool Blame(PeerId peer, int points)
    {
        lock (_gate)
        {
            if (!_peers.TryGetValue(peer, out var entry) || entry.Blame >= BlameLimit || (entry.Blame += points) < BlameLimit)
            {
                return false;
            }

            Remember(peer, entry.Blame);
            return true;
        }
    }

    /// <summary>The blame of a peer as a score for gossip.</summary>
    public double ScoreOf(PeerId peer)
    {
        lock (_gate)
        {
            return _peers.TryGetValue(peer, out var entry) ? -entry.Blame : 0;
        }
    }

    private void Remember(PeerId peer, int blame)
    {
        if (_departed.Count >= MaxDeparted && !_departed.ContainsKey(peer))
        {
            _departed.Remove(_departed.MinBy(departed => departed.Value.Until).Key);
        }

        _departed[peer] = (blame, time.GetUtcNow() + BlameTime);
    }

    private sealed class Entry
    {
        public ulong Height { get; set; }

        public long Since { get; set; }

        public int Busy { get; set; }

        public int Blame { get; set; }
    }
}
