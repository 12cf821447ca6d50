using System.Runtime.InteropServices;

namespace Kimura.Storage.KeyValue;

/// <summary>Puts and deletions that take effect together or not at all. Not thread-safe; reusable after <see cref="Clear"/>.</summary>
public sealed class WriteBatch
{
    private readonly List<Entry> _entries = [];
    private byte[] _bytes = [];
    private int _used;

    /// <summary>How many operations the batch holds.</summary>
    public int Count => _entries.Count;

    /// <summary>Bytes of all keys and values.</summary>
    public int Size => _used;

    /// <summary>Stores a value that may come in two parts, which are joined.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the families.</exception>
    public void Put(Family family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> rest = default)
    {
        Check(family);
        var start = Append(key);
        Append(value);
        Append(rest);
        _entries.Add(new Entry(family, start, key.Length, value.Length + rest.Length));
    }

    /// <summary>Removes a key; removing an absent one is no error.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the families.</exception>
    public void Delete(Family family, ReadOnlySpan<byte> key)
    {
        Check(family);
        var start = Append(key);
        _entries.Add(new Entry(family, start, key.Length, -1));
    }

    /// <summary>The operation at a place, in the order they were added.</summary>
    public Operation this[int index]
    {
        get
        {
            var entry = CollectionsMarshal.AsSpan(_entries)[index];
            var key = _bytes.AsSpan(entry.Start, entry.KeyLength);
            var value = entry.ValueLength < 0 ? default : _bytes.AsSpan(entry.Start + entry.KeyLength, entry.ValueLength);
            return new Operation(entry.Family, entry.ValueLength < 0, key, value);
        }
    }

    /// <summary>Empties the batch and keeps its memory.</summary>
    public void Clear()
    {
        _entries.Clear();
        _used = 0;
    }

    // Here, because later, on the store's writer thread, it would have no caller to blame.
    private static void Check(Family family)
    {
        if (family is <= Family.Unspecified or > Family.Grains)
            throw new ArgumentOutOfRangeException(nameof(family), family, "no such family");
    }

    private int Append(ReadOnlySpan<byte> bytes)
    {
        var start = _used;
        if (_bytes.Length - _used < bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_used + bytes.Length, Math.Max(256, _bytes.Length * 2)));
        }

        bytes.CopyTo(_bytes.AsSpan(start));
        _used += bytes.Length;
        return start;
    }

    /// <summary>One put or deletion; the spans live as long as the batch is not changed.</summary>
    public readonly ref struct Operation(Family family, bool isDelete, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        /// <summary>Where.</summary>
        public Family Family { get; } = family;

        /// <summary>True for a deletion.</summary>
        public bool IsDelete { get; } = isDelete;

        /// <summary>The key.</summary>
        public ReadOnlySpan<byte> Key { get; } = key;

        /// <summary>The value; empty for a deletion.</summary>
        public ReadOnlySpan<byte> Value { get; } = value;
    }

    private readonly record struct Entry(Family Family, int Start, int KeyLength, int ValueLength);
}
