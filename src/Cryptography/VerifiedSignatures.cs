namespace Kimura.Cryptography;

/// <summary>
/// Signatures that were found valid not long ago, byte for byte with key and digest: a node meets one more than once (a block when it is announced,
/// when it is stored, in every status; a message that is sent again), and looking here costs a thousandth of checking again. Only what was valid
/// is kept, a bounded number of them, so nobody gains anything by what they send. Thread-safe, without locks.
/// </summary>
internal static class VerifiedSignatures
{
    /// <summary>How many are kept, at most; each takes 160 bytes.</summary>
    internal const int Slots = 4_096;

    private const int EntrySize = Secp256k1.PublicKeySize + Secp256k1.DigestSize + Secp256k1.SignatureSize;

    private static readonly byte[]?[] Kept = new byte[Slots][];

    /// <summary>True where this very signature was found valid. Lengths must be right.</summary>
    internal static bool Contains(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature) =>
        Volatile.Read(ref Kept[SlotOf(digest)]) is { } entry
        && digest.SequenceEqual(entry.AsSpan(0, Secp256k1.DigestSize))
        && signature.SequenceEqual(entry.AsSpan(Secp256k1.DigestSize, Secp256k1.SignatureSize))
        && publicKey.SequenceEqual(entry.AsSpan(Secp256k1.DigestSize + Secp256k1.SignatureSize));

    /// <summary>Keeps a signature that was found valid, in the place of whichever stood there.</summary>
    internal static void Add(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        var entry = new byte[EntrySize];
        digest.CopyTo(entry);
        signature.CopyTo(entry.AsSpan(Secp256k1.DigestSize));
        publicKey.CopyTo(entry.AsSpan(Secp256k1.DigestSize + Secp256k1.SignatureSize));
        Volatile.Write(ref Kept[SlotOf(digest)], entry);
    }

    private static int SlotOf(ReadOnlySpan<byte> digest) => (digest[0] | (digest[1] << 8)) % Slots;
}
