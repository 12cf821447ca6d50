namespace Kimura.Chain;

/// <summary>Whose blocks count from which height on (<c>--leader-key HEX@HEIGHT</c>).</summary>
public sealed class ProducerSchedule
{
    // Empty while no key is known; written once, by a pin.
    private (ulong From, PublicKey Key)[] _entries;

    /// <summary>One key for the whole chain.</summary>
    public ProducerSchedule(PublicKey key)
        : this([(0, key)])
    {
    }

    /// <summary>Keys with the height each begins at.</summary>
    /// <exception cref="ArgumentException">Nothing begins at height 0 or 1, or two begin at one height.</exception>
    public ProducerSchedule(IEnumerable<(ulong From, PublicKey Key)> entries)
    {
        _entries = [.. entries.OrderBy(e => e.From)];
        if (_entries.Length == 0 || _entries[0].From > 1)
        {
            throw new ArgumentException("the first leader key must begin at height 0", nameof(entries));
        }

        if (_entries.Zip(_entries.Skip(1)).Any(pair => pair.First.From == pair.Second.From))
        {
            throw new ArgumentException("two leader keys begin at one height", nameof(entries));
        }
    }

    private ProducerSchedule() => _entries = [];

    /// <summary>True once there is a key.</summary>
    public bool IsKnown => Volatile.Read(ref _entries).Length > 0;

    /// <summary>A schedule whose key will be learned: no block is right before it is pinned.</summary>
    public static ProducerSchedule Unknown() => new();

    /// <summary>Sets the key of a schedule that has none, for the whole chain; false where there is one. Any thread may call.</summary>
    public bool TryPin(PublicKey key)
    {
        var before = Volatile.Read(ref _entries);
        return before.Length == 0 && Interlocked.CompareExchange(ref _entries, [(0, key)], before) == before;
    }

    /// <summary>The key whose signature a block at this height needs; <c>default</c>, which no signature fits, while none is known.</summary>
    public PublicKey KeyAt(ulong height)
    {
        var entries = Volatile.Read(ref _entries);
        var at = entries.Length - 1;
        while (at > 0 && entries[at].From > height)
        {
            at--;
        }

        return at < 0 ? default : entries[at].Key;
    }
}
