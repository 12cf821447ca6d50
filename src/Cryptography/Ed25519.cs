using Kimura.Cryptography.Native;

namespace Kimura.Cryptography;

/// <summary>
/// Ed25519 (RFC 8032, the plain variant) through libsodium. Verification is strict: non-canonical encodings and points of small order are
/// refused. Every call throws <see cref="NativeLibraryMissingException"/> where the library is not installed.
/// </summary>
public static unsafe class Ed25519
{
    /// <summary>Bytes of the seed that a key is made from.</summary>
    public const int SeedSize = 32;

    /// <summary>Bytes of a public key.</summary>
    public const int PublicKeySize = 32;

    /// <summary>Bytes of a signature.</summary>
    public const int SignatureSize = 64;

    /// <summary>True where the signature is the key's over the message. Never throws for bytes of any value or length.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeySize || signature.Length != SignatureSize)
        {
            return false;
        }

        Libsodium.Require();
        fixed (byte* key = publicKey, bytes = message, proof = signature)
        {
            return Libsodium.VerifyDetached(proof, bytes, (ulong)message.Length, key) == 0;
        }
    }
}
