using Kimura.Cryptography.Native;

namespace Kimura.Cryptography;

/// <summary>An Ed25519 private key: never printed, zeroed on dispose, and unusable from then on. Thread-safe.</summary>
public sealed unsafe class Ed25519PrivateKey : IDisposable
{
    private const int ExpandedSize = 64;

    private readonly SecretHandle _expanded;
    private readonly byte[] _publicKey = new byte[Ed25519.PublicKeySize];

    private Ed25519PrivateKey(SecretHandle expanded) => _expanded = expanded;

    /// <summary>The 32-byte public key.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>The key of a 32-byte seed (RFC 8032 section 5.1.5); the seed is copied.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != Ed25519.SeedSize)
        {
            throw new ArgumentException($"A seed is {Ed25519.SeedSize} bytes, not {seed.Length}.", nameof(seed));
        }

        Libsodium.Require();
        using SecretHandle held = new(Ed25519.SeedSize);
        seed.CopyTo(held.Bytes);
        Ed25519PrivateKey key = new(new SecretHandle(ExpandedSize));
        fixed (byte* output = key._publicKey)
        {
            Require(Libsodium.SignSeedKeypair(output, key._expanded, held));
        }

        return key;
    }

    /// <summary>Signs a message: writes 64 bytes.</summary>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
    {
        if (signature.Length < Ed25519.SignatureSize)
        {
            throw new ArgumentException($"The destination needs {Ed25519.SignatureSize} bytes and has {signature.Length}.", nameof(signature));
        }

        ObjectDisposedException.ThrowIf(_expanded.IsClosed, this);
        fixed (byte* bytes = message, output = signature)
        {
            Require(Libsodium.SignDetached(output, null, bytes, (ulong)message.Length, _expanded));
        }
    }

    /// <summary>Says only that it is a key.</summary>
    public override string ToString() => "Ed25519PrivateKey(redacted)";

    /// <inheritdoc />
    public void Dispose() => _expanded.Dispose();

    private static void Require(int result)
    {
        if (result != 0)
        {
            throw new InvalidOperationException("libsodium failed with a key that it made.");
        }
    }
}
