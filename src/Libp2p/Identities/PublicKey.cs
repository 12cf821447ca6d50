using System.Security.Cryptography;
using Kimura.Libp2p.Encodings;

namespace Kimura.Libp2p.Identities;

/// <summary>A peer's public key in its protobuf form (libp2p/specs, peer-ids): Ed25519 or secp256k1, no other type.</summary>
internal sealed class PublicKey
{
    /// <summary>Most bytes of an encoded key that is looked at.</summary>
    public const int MaxEncoded = 64;

    private readonly KeyType _type;
    private readonly byte[] _data;

    private PublicKey(KeyType type, byte[] data)
    {
        (_type, _data) = (type, data);
        Encoded = new ProtoWriter().Number(1, (ulong)type).Bytes(2, data).ToArray();
        Id = PeerId.FromMultihash([0, (byte)Encoded.Length, .. Encoded]);
    }

    /// <summary>The types of keys there are; the values are the wire's.</summary>
    private enum KeyType
    {
        Ed25519 = 1,
        Secp256k1 = 2,
    }

    /// <summary>The protobuf: type, then data.</summary>
    public byte[] Encoded { get; }

    /// <summary>The id of who holds the key.</summary>
    public PeerId Id { get; }

    public static PublicKey Ed25519(ReadOnlySpan<byte> key) => new(KeyType.Ed25519, key.ToArray());

    public static PublicKey Secp256k1(ReadOnlySpan<byte> key) => new(KeyType.Secp256k1, key.ToArray());

    /// <summary>Null for another type, another length, a point off the curve, and what is no key message.</summary>
    public static PublicKey? TryDecode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length > MaxEncoded)
        {
            return null;
        }

        ulong? type = null;
        ReadOnlySpan<byte> data = default;
        ProtoReader reader = new(encoded);
        while (reader.Next())
        {
            if (reader.IsNumber(1))
            {
                type = reader.Number;
            }
            else if (reader.IsBytes(2))
            {
                data = reader.Bytes;
            }
        }

        PublicKey? key = (reader.Failed, type) switch
        {
            (false, (ulong)KeyType.Ed25519) when data.Length == Cryptography.Ed25519.PublicKeySize => new(KeyType.Ed25519, data.ToArray()),
            (false, (ulong)KeyType.Secp256k1) when Cryptography.Secp256k1.IsValidPublicKey(data) => new(KeyType.Secp256k1, data.ToArray()),
            _ => null,
        };

        // The form is deterministic: an id must not be had twice for one key.
        return key is not null && encoded.SequenceEqual(key.Encoded) ? key : null;
    }

    /// <summary>True where the signature is the key's over the message; secp256k1 signs SHA-256 of it, in DER.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => _type == KeyType.Ed25519
        ? Cryptography.Ed25519.Verify(_data, message, signature)
        : Cryptography.Secp256k1.VerifyDer(_data, SHA256.HashData(message), signature);
}
