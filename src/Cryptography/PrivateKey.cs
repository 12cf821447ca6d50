using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Kimura.Cryptography.Native;

namespace Kimura.Cryptography;

/// <summary>A secp256k1 private key: never printed, zeroed on dispose, and unusable from then on. Thread-safe.</summary>
public sealed unsafe class PrivateKey : IDisposable
{
    /// <summary>A candidate is invalid once in 2^128 draws: that many in a row mean a broken source.</summary>
    private const int MaxCandidates = 16;

    private readonly SecretHandle _secret;
    private byte[]? _publicKey;

    private PrivateKey(SecretHandle secret) => _secret = secret;

    /// <summary>Takes over 32 bytes (copied).</summary>
    /// <exception cref="ArgumentException">Not 32 bytes, zero, or not below the group order.</exception>
    public static PrivateKey FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Secp256k1.PrivateKeySize)
        {
            throw new ArgumentException($"A private key is {Secp256k1.PrivateKeySize} bytes, not {bytes.Length}.", nameof(bytes));
        }

        return TryCreate(bytes)
            ?? throw new ArgumentException("A private key is above zero and below the order of secp256k1.", nameof(bytes));
    }

    /// <summary>Draws 32-byte candidates from <paramref name="fillRandom"/> until one is a valid key.</summary>
    /// <exception cref="InvalidOperationException">The source keeps giving what is no key.</exception>
    public static PrivateKey Generate(Action<Memory<byte>> fillRandom)
    {
        ArgumentNullException.ThrowIfNull(fillRandom);

        // Pinned, so that no collection leaves a copy behind.
        byte[] candidate = GC.AllocateArray<byte>(Secp256k1.PrivateKeySize, pinned: true);
        try
        {
            for (int i = 0; i < MaxCandidates; i++)
            {
                fillRandom(candidate);
                if (TryCreate(candidate) is { } key)
                {
                    return key;
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(candidate);
        }

        throw new InvalidOperationException($"The source of randomness gave no private key in {MaxCandidates} draws.");
    }

    /// <summary>Writes the 33-byte compressed public key.</summary>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public void CopyPublicKey(Span<byte> destination)
    {
        RequireRoom(destination, Secp256k1.PublicKeySize);
        ObjectDisposedException.ThrowIf(_secret.IsClosed, this);
        (_publicKey ??= MakePublicKey()).CopyTo(destination);
    }

    /// <summary>Writes the 32 secret bytes, for a key file.</summary>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public void CopySecret(Span<byte> destination)
    {
        RequireRoom(destination, Secp256k1.PrivateKeySize);
        ObjectDisposedException.ThrowIf(_secret.IsClosed, this);
        bool held = false;
        try
        {
            _secret.DangerousAddRef(ref held);
            _secret.Bytes.CopyTo(destination);
        }
        finally
        {
            if (held)
            {
                _secret.DangerousRelease();
            }
        }
    }

    /// <summary>Signs a 32-byte digest: 64 bytes <c>r ++ s</c>, low-S, RFC 6979.</summary>
    /// <exception cref="ArgumentException">The digest has another length, or the destination is shorter.</exception>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    [SkipLocalsInit]
    public void Sign(ReadOnlySpan<byte> digest, Span<byte> signature)
    {
        if (digest.Length != Secp256k1.DigestSize)
        {
            throw new ArgumentException($"A digest is {Secp256k1.DigestSize} bytes, not {digest.Length}.", nameof(digest));
        }

        RequireRoom(signature, Secp256k1.SignatureSize);
        ObjectDisposedException.ThrowIf(_secret.IsClosed, this);
        byte* parsed = stackalloc byte[Libsecp256k1.ObjectSize];
        nint context = SharedContext.Value;
        fixed (byte* hash = digest, output = signature)
        {
            Require(Libsecp256k1.Sign(context, parsed, hash, _secret, nonceFunction: 0, nonceData: 0));
            Require(Libsecp256k1.SignatureSerializeCompact(context, output, parsed));
        }
    }

    /// <summary>Says only that it is a key.</summary>
    public override string ToString() => "PrivateKey(redacted)";

    /// <inheritdoc />
    public void Dispose() => _secret.Dispose();

    /// <summary>Null where the 32 bytes are zero or not below the group order.</summary>
    internal static PrivateKey? TryCreate(ReadOnlySpan<byte> bytes)
    {
        SecretHandle secret = new();
        bool valid = false;
        try
        {
            bytes.CopyTo(secret.Bytes);
            valid = Libsecp256k1.SecretKeyVerify(SharedContext.Value, secret) == 1;
            return valid ? new PrivateKey(secret) : null;
        }
        finally
        {
            if (!valid)
            {
                secret.Dispose();
            }
        }
    }

    [SkipLocalsInit]
    private byte[] MakePublicKey()
    {
        byte[] key = new byte[Secp256k1.PublicKeySize];
        byte* point = stackalloc byte[Libsecp256k1.ObjectSize];
        nint context = SharedContext.Value;
        nuint length = Secp256k1.PublicKeySize;
        fixed (byte* output = key)
        {
            Require(Libsecp256k1.PublicKeyCreate(context, point, _secret));
            Require(Libsecp256k1.PublicKeySerialize(context, output, &length, point, Libsecp256k1.Compressed));
        }

        return key;
    }

    private static void RequireRoom(Span<byte> destination, int size)
    {
        if (destination.Length < size)
        {
            throw new ArgumentException($"The destination needs {size} bytes and has {destination.Length}.", nameof(destination));
        }
    }

    private static void Require(int result)
    {
        if (result != 1)
        {
            throw new InvalidOperationException("libsecp256k1 failed with a key that it found valid.");
        }
    }
}
