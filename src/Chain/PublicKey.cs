using Kimura.Cryptography;

namespace Kimura.Chain;

/// <summary>33 bytes that should be a compressed secp256k1 key; whether they are a point is checked with the signature.</summary>
public readonly record struct PublicKey
{
    /// <summary>Bytes of a key.</summary>
    public const int Size = Secp256k1.PublicKeySize;

    private readonly byte _prefix;
    private readonly Hash32 _x;

    /// <summary>Reads exactly 33 bytes.</summary>
    public PublicKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"a public key is {Size} bytes, not {bytes.Length}", nameof(bytes));
        }

        _prefix = bytes[0];
        _x = new Hash32(bytes[1..]);
    }

    /// <summary>Writes the 33 bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        destination[0] = _prefix;
        _x.CopyTo(destination[1..]);
    }

    /// <summary>A new array of the 33 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Reads hex; false unless it is a point of the curve.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var read = Hex.TryDecode(hex, bytes) && Secp256k1.IsValidPublicKey(bytes);
        key = read ? new PublicKey(bytes) : default;
        return read;
    }

    /// <inheritdoc />
    public override int GetHashCode() => _x.GetHashCode();

    /// <summary>Lower-case hex without a prefix.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}
