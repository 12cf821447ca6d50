using Kimura.Cryptography;

namespace Kimura.Chain;

/// <summary>A compact ECDSA signature, <c>r ++ s</c>, 64 bytes (protocol section 1).</summary>
public readonly record struct Signature
{
    /// <summary>Bytes of a signature.</summary>
    public const int Size = Secp256k1.SignatureSize;

    private readonly Hash32 _r;
    private readonly Hash32 _s;

    /// <summary>Reads exactly 64 bytes.</summary>
    public Signature(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"a signature is {Size} bytes, not {bytes.Length}", nameof(bytes));
        }

        _r = new Hash32(bytes[..32]);
        _s = new Hash32(bytes[32..]);
    }

    /// <summary>Writes the 64 bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        _r.CopyTo(destination);
        _s.CopyTo(destination[32..]);
    }

    /// <summary>Lower-case hex without a prefix.</summary>
    public override string ToString() => $"{_r}{_s}";
}
