using Kimura.Cryptography;

namespace Kimura.Chain.Leadership;

/// <summary>
/// Which peer of the network the leader is: the producer's signature over <c>blake3("kimura-leader" ++ genesis_hash ++ leader_peer_id)</c>
/// (protocol section 6, field 7 of a status).
/// </summary>
public static class LeaderProof
{
    private const int MaxPeerId = 64;

    private static ReadOnlySpan<byte> Label => "kimura-leader"u8;

    /// <summary>True if the holder of <paramref name="producer"/> says that it is this peer.</summary>
    public static bool IsValid(PublicKey producer, BlockHash genesis, ReadOnlySpan<byte> peerId, ReadOnlySpan<byte> signature)
    {
        if (peerId.Length > MaxPeerId)
        {
            return false;
        }

        Span<byte> key = stackalloc byte[PublicKey.Size];
        Span<byte> digest = stackalloc byte[Hash32.Size];
        producer.CopyTo(key);
        Digest(genesis, peerId, digest);
        return Secp256k1.Verify(key, digest, signature);
    }

    internal static void Digest(BlockHash genesis, ReadOnlySpan<byte> peerId, Span<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(peerId.Length, MaxPeerId, nameof(peerId));
        Span<byte> bytes = stackalloc byte[Label.Length + Hash32.Size + peerId.Length];
        Label.CopyTo(bytes);
        genesis.Value.CopyTo(bytes[Label.Length..]);
        peerId.CopyTo(bytes[(Label.Length + Hash32.Size)..]);
        Blake3.Hash(bytes, digest);
    }
}
