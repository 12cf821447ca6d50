namespace Kimura.Cryptography;

/// <summary>A secp256k1 private key: never printed, zeroed on dispose.</summary>
public sealed class PrivateKey : IDisposable
{
    private PrivateKey()
    {
    }

    /// <summary>Takes over 32 bytes (copied).</summary>
    /// <exception cref="ArgumentException">Not 32 bytes, zero, or not below the group order.</exception>
    public static PrivateKey FromBytes(ReadOnlySpan<byte> bytes) => throw new NotImplementedException();

    /// <summary>Draws 32-byte candidates from <paramref name="fillRandom"/> until one is a valid key.</summary>
    public static PrivateKey Generate(Action<Memory<byte>> fillRandom) => throw new NotImplementedException();

    /// <summary>Writes the 33-byte compressed public key.</summary>
    public void CopyPublicKey(Span<byte> destination) => throw new NotImplementedException();

    /// <summary>Writes the 32 secret bytes, for a key file.</summary>
    public void CopySecret(Span<byte> destination) => throw new NotImplementedException();

    /// <summary>Signs a 32-byte digest: 64 bytes <c>r ++ s</c>, low-S, RFC 6979.</summary>
    public void Sign(ReadOnlySpan<byte> digest, Span<byte> signature) => throw new NotImplementedException();

    /// <summary>Says only that it is a key.</summary>
    public override string ToString() => "PrivateKey(redacted)";

    /// <inheritdoc />
    public void Dispose() => throw new NotImplementedException();
}
