namespace Kimura.Cryptography;

/// <summary>
/// ECDSA over secp256k1 through libsecp256k1 (protocol section 1): compressed SEC 1 public keys, compact 64-byte <c>r ++ s</c>
/// signatures, low-S only, nonces by RFC 6979 with SHA-256. Thread-safe.
/// </summary>
public static class Secp256k1
{
    /// <summary>Bytes of a private key.</summary>
    public const int PrivateKeySize = 32;

    /// <summary>Bytes of a compressed public key.</summary>
    public const int PublicKeySize = 33;

    /// <summary>Bytes of a compact signature.</summary>
    public const int SignatureSize = 64;

    /// <summary>Bytes of a digest to sign.</summary>
    public const int DigestSize = 32;

    /// <summary>True if the bytes are a compressed key of a point on the curve.</summary>
    public static bool IsValidPublicKey(ReadOnlySpan<byte> publicKey) => throw new NotImplementedException();

    /// <summary>
    /// Parses the key and verifies the signature. False for a key off the curve, a signature that is not low-S or has r or s out of
    /// range, and one that does not fit. Never throws for bytes of any value; lengths other than the named ones are false too.
    /// </summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature) => throw new NotImplementedException();
}
