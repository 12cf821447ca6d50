using Kimura.Libp2p.Encodings;

namespace Kimura.Libp2p.Identities;

/// <summary>
/// A peer's name: the multihash of its public key (libp2p/specs, peer-ids), as text in base58btc. A value; the default one is empty and
/// names nobody.
/// </summary>
public readonly struct PeerId : IEquatable<PeerId>, IComparable<PeerId>
{
    /// <summary>Most bytes of a peer id.</summary>
    public const int MaxSize = 44;

    private const byte IdentityHash = 0;
    private const byte Sha256Hash = 0x12;
    private const int Sha256Size = 32;
    private static readonly byte[] KeyCidPrefix = [1, 0x72];

    private readonly byte[]? _multihash;

    private PeerId(byte[] multihash) => _multihash = multihash;

    /// <summary>True for the default value.</summary>
    public bool IsEmpty => _multihash is null;

    /// <summary>The multihash.</summary>
    public ReadOnlySpan<byte> Bytes => _multihash;

    /// <summary>Same bytes.</summary>
    public static bool operator ==(PeerId left, PeerId right) => left.Equals(right);

    /// <summary>Other bytes.</summary>
    public static bool operator !=(PeerId left, PeerId right) => !left.Equals(right);

    /// <summary>Order of the bytes.</summary>
    public static bool operator <(PeerId left, PeerId right) => left.CompareTo(right) < 0;

    /// <summary>Order of the bytes.</summary>
    public static bool operator >(PeerId left, PeerId right) => left.CompareTo(right) > 0;

    /// <summary>Order of the bytes.</summary>
    public static bool operator <=(PeerId left, PeerId right) => left.CompareTo(right) <= 0;

    /// <summary>Order of the bytes.</summary>
    public static bool operator >=(PeerId left, PeerId right) => left.CompareTo(right) >= 0;

    /// <summary>Parses the bytes: an identity multihash of at most 42 bytes, or SHA-256.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out PeerId id)
    {
        bool valid = bytes.Length is > 2 and <= MaxSize
            && bytes[1] == bytes.Length - 2
            && (bytes[0] == IdentityHash || (bytes[0] == Sha256Hash && bytes[1] == Sha256Size));
        id = valid ? new PeerId(bytes.ToArray()) : default;
        return valid;
    }

    /// <summary>Parses text: base58btc (<c>12D3Koo…</c>, <c>Qm…</c>) or a content id in base32 (<c>bafz…</c>).</summary>
    public static bool TryParse(string? text, out PeerId id)
    {
        id = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        if (text[0] == 'b')
        {
            return Base32.TryDecode(text.AsSpan(1), out byte[] cid)
                && cid.AsSpan().StartsWith(KeyCidPrefix)
                && TryDecode(cid.AsSpan(2), out id);
        }

        return Base58.TryDecode(text, out byte[] bytes) && TryDecode(bytes, out id);
    }

    /// <summary>As <see cref="TryParse"/>.</summary>
    /// <exception cref="FormatException">Not a peer id.</exception>
    public static PeerId Parse(string text) =>
        TryParse(text, out PeerId id) ? id : throw new FormatException($"'{text}' is not a peer id.");

    /// <inheritdoc />
    public bool Equals(PeerId other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc />
    public int CompareTo(PeerId other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is PeerId other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>Base58btc.</summary>
    public override string ToString() => IsEmpty ? "(nobody)" : Base58.Encode(Bytes);

    internal static PeerId FromMultihash(ReadOnlySpan<byte> bytes) =>
        TryDecode(bytes, out PeerId id) ? id : throw new ArgumentException("Not a multihash of a key.", nameof(bytes));
}
