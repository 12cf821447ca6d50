namespace Kimura.Chain;

/// <summary>Whose blocks count from which height on (<c>--leader-key HEX@HEIGHT</c>).</summary>
public sealed class ProducerSchedule
{
    private readonly (ulong From, PublicKey Key)[] _entries;

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

    /// <summary>The key whose signature a block at this height needs.</summary>
    public PublicKey KeyAt(ulong height)
    {
        var at = _entries.Length - 1;
        while (at > 0 && _entries[at].From > height)
        {
            at--;
        }

        return _entries[at].Key;
    }
}
