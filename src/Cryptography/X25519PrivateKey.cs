using Kimura.Cryptography.Native;

namespace Kimura.Cryptography;

/// <summary>
/// An X25519 private key (RFC 7748) through libsodium: never printed, zeroed on dispose, and unusable from then on. Every call throws
/// <see cref="NativeLibraryMissingException"/> where the library is not installed.
/// </summary>
public sealed unsafe class X25519PrivateKey : IDisposable
{
    /// <summary>Bytes of a private key, a public key and a shared secret.</summary>
    public const int Size = 32;

    private readonly SecretHandle _secret;
    private readonly byte[] _publicKey = new byte[Size];

    private X25519PrivateKey(SecretHandle secret) => _secret = secret;

    /// <summary>The 32-byte public key.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>Takes over 32 bytes (copied); any value is a key.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static X25519PrivateKey FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A private key is {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        Libsodium.Require();
        X25519PrivateKey key = new(new SecretHandle(Size));
        bytes.CopyTo(key._secret.Bytes);
        fixed (byte* output = key._publicKey)
        {
            if (Libsodium.ScalarMultBase(output, key._secret) != 0)
            {
                throw new InvalidOperationException("libsodium cannot make a public key.");
            }
        }

        return key;
    }

    /// <summary>
    /// The shared secret with another's public key, 32 bytes. False where it would be all zeros (a point of small order), and for a key
    /// of another length.
    /// </summary>
    /// <exception cref="ArgumentException">The destination is shorter than 32 bytes.</exception>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public bool TryAgree(ReadOnlySpan<byte> publicKey, Span<byte> shared)
    {
        if (shared.Length < Size)
        {
            throw new ArgumentException($"The destination needs {Size} bytes and has {shared.Length}.", nameof(shared));
        }

        ObjectDisposedException.ThrowIf(_secret.IsClosed, this);
        if (publicKey.Length != Size)
        {
            return false;
        }

        fixed (byte* key = publicKey, output = shared)
        {
            // libsodium answers -1 for an all-zero result and for the known points of small order.
            return Libsodium.ScalarMult(output, _secret, key) == 0 && shared[..Size].IndexOfAnyExcept((byte)0) >= 0;
        }
    }

    /// <summary>Says only that it is a key.</summary>
    public override string ToString() => "X25519PrivateKey(redacted)";

    /// <inheritdoc />
    public void Dispose() => _secret.Dispose();
}
