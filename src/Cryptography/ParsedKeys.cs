namespace Kimura.Cryptography;

/// <summary>
/// Keys that were parsed not long ago: senders come again, and looking here saves computing the point, a seventh of what verifying costs. Only true
/// keys are kept, a bounded number of them, so nobody gains anything by what they send. Thread-safe, without locks.
/// </summary>
internal static class ParsedKeys
{
    /// <summary>How many are kept, at most; each takes 200 bytes.</summary>
    internal const int Slots = 4_096;

    private static readonly Entry?[] Kept = new Entry[Slots];

    /// <summary>The key where it was parsed before, or is one; otherwise false.</summary>
    internal static bool TryGet(ReadOnlySpan<byte> publicKey, out ParsedPublicKey key)
    {
        if (publicKey.Length != Secp256k1.PublicKeySize)
        {
            key = default;
            return false;
        }

        ref var slot = ref Kept[(publicKey[1] | (publicKey[2] << 8)) % Slots];
        if (Volatile.Read(ref slot) is { } entry && publicKey.SequenceEqual(entry.Bytes))
        {
            key = entry.Key;
            return true;
        }

        if (!Secp256k1.TryParse(publicKey, out key))
        {
            return false;
        }

        Volatile.Write(ref slot, new Entry(publicKey.ToArray(), key));
        return true;
    }

    private sealed record Entry(byte[] Bytes, ParsedPublicKey Key);
}
