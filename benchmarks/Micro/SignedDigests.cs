using Kimura.Chain;
using Kimura.Cryptography;

namespace Kimura.Benchmarks.Micro;

/// <summary>A signature with its key and digest.</summary>
internal sealed record SignedDigest(byte[] PublicKey, byte[] Digest, byte[] Signature)
{
    /// <summary>The whole work: nothing of it is remembered from the call before.</summary>
    public void Verify()
    {
        if (!Secp256k1.TryParse(PublicKey, out var key) || !Secp256k1.Verify(in key, Digest, Signature))
        {
            throw new BenchmarkException("bench: a right signature was refused");
        }
    }
}

/// <summary>Signatures of several keys, the same in every run.</summary>
internal static class SignedDigests
{
    public static SignedDigest[] Make(int count) => [.. Enumerable.Range(0, count).Select(MakeOne)];

    private static SignedDigest MakeOne(int number)
    {
        byte[] digest = new byte[Hash32.Size], publicKey = new byte[PublicKey.Size], signature = new byte[Signature.Size];
        Blake3.Hash(BitConverter.GetBytes(number), digest);
        using var key = PrivateKey.FromBytes(digest);
        key.CopyPublicKey(publicKey);
        key.Sign(digest, signature);
        return new SignedDigest(publicKey, digest, signature);
    }
}
