using System.Security.Cryptography;
using Kimura.Cryptography;

namespace Kimura.Libp2p.Identities;

/// <summary>Who a host is: a private key and the peer id of its public half. Disposing it zeroes the key. Thread-safe.</summary>
public sealed class Identity : IDisposable
{
    private readonly Ed25519PrivateKey? _ed25519;
    private readonly PrivateKey? _secp256k1;

    private Identity(Ed25519PrivateKey key) => (_ed25519, PublicKey) = (key, PublicKey.Ed25519(key.PublicKey));

    private Identity(PrivateKey key, ReadOnlySpan<byte> publicKey) => (_secp256k1, PublicKey) = (key, PublicKey.Secp256k1(publicKey));

    /// <summary>The peer id.</summary>
    public PeerId Id => PublicKey.Id;

    internal PublicKey PublicKey { get; }

    /// <summary>An Ed25519 identity from its 32-byte seed.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static Identity FromEd25519Seed(ReadOnlySpan<byte> seed) => new(Ed25519PrivateKey.FromSeed(seed));

    /// <summary>A secp256k1 identity from its 32-byte private key.</summary>
    /// <exception cref="ArgumentException">Not a private key.</exception>
    public static Identity FromSecp256k1(ReadOnlySpan<byte> privateKey)
    {
        PrivateKey key = PrivateKey.FromBytes(privateKey);
        Span<byte> publicKey = stackalloc byte[Secp256k1.PublicKeySize];
        key.CopyPublicKey(publicKey);
        return new Identity(key, publicKey);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _ed25519?.Dispose();
        _secp256k1?.Dispose();
    }

    /// <summary>Signs a message as the key's type does: Ed25519 64 bytes, secp256k1 DER over SHA-256.</summary>
    internal byte[] Sign(ReadOnlySpan<byte> message)
    {
        byte[] signature = new byte[Ed25519.SignatureSize];
        if (_ed25519 is not null)
        {
            _ed25519.Sign(message, signature);
            return signature;
        }

        _secp256k1!.Sign(SHA256.HashData(message), signature);
        return Secp256k1.ToDer(signature);
    }
}
