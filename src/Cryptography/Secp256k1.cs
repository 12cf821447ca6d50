using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Kimura.Cryptography.Native;

namespace Kimura.Cryptography;

/// <summary>
/// ECDSA over secp256k1 through libsecp256k1 (protocol section 1): compressed SEC 1 public keys, compact 64-byte <c>r ++ s</c>
/// signatures, low-S only, nonces by RFC 6979 with SHA-256. Thread-safe. Every call throws
/// <see cref="NativeLibraryMissingException"/> where the library is not installed.
/// </summary>
public static unsafe class Secp256k1
{
    /// <summary>Bytes of a private key.</summary>
    public const int PrivateKeySize = 32;

    /// <summary>Bytes of a compressed public key.</summary>
    public const int PublicKeySize = 33;

    /// <summary>Bytes of a compact signature.</summary>
    public const int SignatureSize = 64;

    /// <summary>Most bytes of a DER signature.</summary>
    public const int MaxDerSignatureSize = 72;

    /// <summary>Bytes of a digest to sign.</summary>
    public const int DigestSize = 32;

    /// <summary>True if the bytes are a compressed key of a point on the curve.</summary>
    public static bool IsValidPublicKey(ReadOnlySpan<byte> publicKey) => TryParse(publicKey, out _);

    /// <summary>
    /// Parses a compressed key, for verifying more than one signature of its owner. False, and the empty key, for a point off the curve,
    /// another form and another length.
    /// </summary>
    [SkipLocalsInit]
    public static bool TryParse(ReadOnlySpan<byte> publicKey, out ParsedPublicKey key)
    {
        if (publicKey.Length == PublicKeySize)
        {
            byte* point = stackalloc byte[Libsecp256k1.ObjectSize];
            fixed (byte* input = publicKey)
            {
                if (Libsecp256k1.PublicKeyParse(SharedContext.Value, point, input, PublicKeySize) == 1)
                {
                    key = new ParsedPublicKey(Vector512.Load(point));
                    return true;
                }
            }
        }

        key = default;
        return false;
    }

    /// <summary>
    /// Parses the key and verifies the signature. False for a key off the curve, a signature that is not low-S or has r or s out of
    /// range, and one that does not fit. Never throws for bytes of any value; lengths other than the named ones are false too.
    /// </summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (digest.Length != DigestSize || signature.Length != SignatureSize)
        {
            return false;
        }

        if (VerifiedSignatures.Contains(publicKey, digest, signature))
        {
            return true;
        }

        bool isValid = ParsedKeys.TryGet(publicKey, out ParsedPublicKey key) && Verify(in key, digest, signature);
        if (isValid)
        {
            VerifiedSignatures.Add(publicKey, digest, signature);
        }

        return isValid;
    }

    /// <summary>As <see cref="Verify(ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, with the key parsed before.</summary>
    [SkipLocalsInit]
    public static bool Verify(in ParsedPublicKey publicKey, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        // libsecp256k1 ends the process when it is given an empty key.
        if (publicKey.IsEmpty || digest.Length != DigestSize || signature.Length != SignatureSize)
        {
            return false;
        }

        byte* parsed = stackalloc byte[Libsecp256k1.ObjectSize];
        byte* point = stackalloc byte[Libsecp256k1.ObjectSize];
        publicKey.CopyTo(new Span<byte>(point, Libsecp256k1.ObjectSize));
        nint context = SharedContext.Value;
        fixed (byte* compact = signature, hash = digest)
        {
            // The library's own verification refuses a high S (include/secp256k1.h, secp256k1_ecdsa_verify).
            return Libsecp256k1.SignatureParseCompact(context, parsed, compact) == 1
                && Libsecp256k1.Verify(context, parsed, hash, point) == 1;
        }
    }

    /// <summary>
    /// Verifies a DER signature over a 32-byte digest, as other systems make them (libp2p's secp256k1 identities). A high S is accepted:
    /// where this is used, nothing hangs on a signature having one form only. Never throws for bytes of any value.
    /// </summary>
    [SkipLocalsInit]
    public static bool VerifyDer(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (digest.Length != DigestSize || signature.Length > MaxDerSignatureSize || !TryParse(publicKey, out ParsedPublicKey key))
        {
            return false;
        }

        byte* parsed = stackalloc byte[Libsecp256k1.ObjectSize];
        byte* point = stackalloc byte[Libsecp256k1.ObjectSize];
        key.CopyTo(new Span<byte>(point, Libsecp256k1.ObjectSize));
        nint context = SharedContext.Value;
        fixed (byte* der = signature, hash = digest)
        {
            if (der is null || Libsecp256k1.SignatureParseDer(context, parsed, der, (nuint)signature.Length) != 1)
            {
                return false;
            }

            _ = Libsecp256k1.SignatureNormalize(context, parsed, parsed);
            return Libsecp256k1.Verify(context, parsed, hash, point) == 1;
        }
    }

    /// <summary>The DER form of a compact signature, 8 to 72 bytes.</summary>
    /// <exception cref="ArgumentException">Not 64 bytes, or r or s out of range.</exception>
    [SkipLocalsInit]
    public static byte[] ToDer(ReadOnlySpan<byte> signature)
    {
        byte* parsed = stackalloc byte[Libsecp256k1.ObjectSize];
        byte* output = stackalloc byte[MaxDerSignatureSize];
        nuint length = MaxDerSignatureSize;
        nint context = SharedContext.Value;
        fixed (byte* compact = signature)
        {
            if (signature.Length != SignatureSize
                || Libsecp256k1.SignatureParseCompact(context, parsed, compact) != 1
                || Libsecp256k1.SignatureSerializeDer(context, output, &length, parsed) != 1)
            {
                throw new ArgumentException("Not a compact signature.", nameof(signature));
            }
        }

        return new ReadOnlySpan<byte>(output, (int)length).ToArray();
    }
}
