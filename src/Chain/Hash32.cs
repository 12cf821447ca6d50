using System.Buffers.Binary;

namespace Kimura.Chain;

/// <summary>A BLAKE3-256 hash: 32 bytes, compared by value, ordered as bytes.</summary>
public readonly record struct Hash32 : IComparable<Hash32>
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <summary>Reads exactly 32 bytes.</summary>
    /// <exception cref="ArgumentException">Another length.</exception>
    public Hash32(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"a hash is {Size} bytes, not {bytes.Length}", nameof(bytes));
        }

        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>Writes the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>A new array of the 32 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Reads hex as protocol section 1 takes it.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out Hash32 hash)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var read = Hex.TryDecode(hex, bytes);
        hash = read ? new Hash32(bytes) : default;
        return read;
    }

    /// <inheritdoc />
    public int CompareTo(Hash32 other)
    {
        var order = _a.CompareTo(other._a);
        order = order != 0 ? order : _b.CompareTo(other._b);
        order = order != 0 ? order : _c.CompareTo(other._c);
        return order != 0 ? order : _d.CompareTo(other._d);
    }

    /// <inheritdoc />
    public override int GetHashCode() => unchecked((int)_d ^ (int)(_d >> 32) ^ (int)_a);

    /// <summary>Lower-case hex without a prefix.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Byte order.</summary>
    public static bool operator <(Hash32 left, Hash32 right) => left.CompareTo(right) < 0;

    /// <summary>Byte order.</summary>
    public static bool operator >(Hash32 left, Hash32 right) => left.CompareTo(right) > 0;

    /// <summary>Byte order.</summary>
    public static bool operator <=(Hash32 left, Hash32 right) => left.CompareTo(right) <= 0;

    /// <summary>Byte order.</summary>
    public static bool operator >=(Hash32 left, Hash32 right) => left.CompareTo(right) >= 0;
}

/// <summary>The hash of a block's header fields without its signature (protocol section 3).</summary>
public readonly record struct BlockHash(Hash32 Value)
{
    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}

/// <summary><c>blake3(public_key ++ nonce)</c>: names a message (protocol section 2).</summary>
public readonly record struct MessageId(Hash32 Value)
{
    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}

/// <summary><c>blake3(message encoding)</c>: commits to every byte of a message (protocol section 2).</summary>
public readonly record struct MessageHash(Hash32 Value)
{
    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}
