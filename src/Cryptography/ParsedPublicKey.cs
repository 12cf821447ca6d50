using System.Runtime.Intrinsics;

namespace Kimura.Cryptography;

/// <summary>
/// A public key whose point has been checked and computed (<see cref="Secp256k1.TryParse"/>), so that verifying many signatures of one
/// sender pays for that once. Opaque, 64 bytes, good within this process only; the default value is no key and verifies nothing.
/// </summary>
public readonly record struct ParsedPublicKey
{
    private readonly Vector512<byte> _point;

    internal ParsedPublicKey(Vector512<byte> point) => _point = point;

    /// <summary>True for the default value.</summary>
    public bool IsEmpty => _point == Vector512<byte>.Zero;

    /// <summary>Says nothing of the point, whose form is the library's own.</summary>
    public override string ToString() => IsEmpty ? "ParsedPublicKey(empty)" : "ParsedPublicKey";

    internal void CopyTo(Span<byte> destination) => _point.CopyTo(destination);
}
