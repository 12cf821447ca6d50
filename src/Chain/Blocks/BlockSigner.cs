using Kimura.Chain.Leadership;
using Kimura.Cryptography;

namespace Kimura.Chain.Blocks;

/// <summary>The producer's key, for signing blocks and the word that says where the leader is, and nothing else.</summary>
public sealed class BlockSigner : IDisposable
{
    private readonly PrivateKey _key;

    /// <summary>Takes the key over.</summary>
    public BlockSigner(PrivateKey key)
    {
        _key = key;
        Span<byte> publicKey = stackalloc byte[PublicKey.Size];
        key.CopyPublicKey(publicKey);
        PublicKey = new PublicKey(publicKey);
    }

    /// <summary>The producer's public key.</summary>
    public PublicKey PublicKey { get; }

    /// <inheritdoc />
    public void Dispose() => _key.Dispose();

    /// <summary>The 64-byte signature that says that the leader is this peer (<see cref="LeaderProof"/>).</summary>
    public byte[] SignLeader(BlockHash genesis, ReadOnlySpan<byte> peerId)
    {
        Span<byte> digest = stackalloc byte[Hash32.Size];
        var signature = new byte[Signature.Size];
        LeaderProof.Digest(genesis, peerId, digest);
        _key.Sign(digest, signature);
        return signature;
    }

    internal Signature Sign(BlockHash hash)
    {
        Span<byte> digest = stackalloc byte[Hash32.Size];
        Span<byte> signature = stackalloc byte[Signature.Size];
        hash.Value.CopyTo(digest);
        _key.Sign(digest, signature);
        return new Signature(signature);
    }
}
