using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

public sealed class VerifiedSignaturesTests(ITestOutputHelper output)
{
    [Fact]
    public void A_signature_found_valid_once_does_not_make_another_valid()
    {
        var random = Seeds.New(output);
        var (key, digest, signature) = Signed(random);
        Assert.False(VerifiedSignatures.Contains(key, digest, signature));
        Assert.True(Secp256k1.Verify(key, digest, signature));
        Assert.True(VerifiedSignatures.Contains(key, digest, signature));
        Assert.True(Secp256k1.Verify(key, digest, signature));

        byte[] parts = [.. key, .. digest, .. signature];
        for (var bit = 0; bit < parts.Length * 8; bit++)
        {
            parts[bit / 8] ^= (byte)(1 << (bit % 8));
            var (first, second) = (key.Length, key.Length + digest.Length);
            Assert.False(Secp256k1.Verify(parts.AsSpan(0, first), parts.AsSpan(first..second), parts.AsSpan(second)));
            parts[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void One_of_another_length_is_refused_before_anything_else()
    {
        var (key, digest, signature) = Signed(new Random(1));
        Assert.True(Secp256k1.Verify(key, digest, signature));
        Assert.False(Secp256k1.Verify(key, digest.AsSpan(1), signature));
        Assert.False(Secp256k1.Verify(key, digest, signature.AsSpan(1)));
        Assert.False(Secp256k1.Verify(key.AsSpan(1), digest, signature));
        Assert.False(Secp256k1.Verify(key, default, signature));
    }

    [Fact]
    public void Who_is_not_kept_any_more_is_checked_again()
    {
        var random = Seeds.New(output);
        var (key, digest, signature) = Signed(random);
        Assert.True(Secp256k1.Verify(key, digest, signature));

        // Another digest in the same place.
        var (other, itsDigest, itsSignature) = Signed(random, digest[0], digest[1]);
        Assert.True(Secp256k1.Verify(other, itsDigest, itsSignature));
        Assert.False(VerifiedSignatures.Contains(key, digest, signature));
        Assert.True(Secp256k1.Verify(key, digest, signature));
    }

    [Fact]
    public void A_key_that_took_anothers_place_verifies_its_own_signatures_alone()
    {
        var random = Seeds.New(output);
        var (key, digest, signature) = Signed(random);
        Assert.True(ParsedKeys.TryGet(key, out var parsed));
        Assert.True(ParsedKeys.TryGet(key, out var again));
        Assert.Equal(parsed, again);

        // The same point with the other sign, in the same place.
        byte[] mirrored = [(byte)(key[0] ^ 1), .. key[1..]];
        Assert.True(ParsedKeys.TryGet(mirrored, out var other));
        Assert.NotEqual(parsed, other);
        Assert.False(Secp256k1.Verify(mirrored, digest, signature));
        Assert.True(Secp256k1.Verify(key, digest, signature));
        Assert.False(ParsedKeys.TryGet(key.AsSpan(1), out _));
        Assert.False(ParsedKeys.TryGet([5, .. key[1..]], out var none));
        Assert.True(none.IsEmpty);
    }

    private static (byte[] Key, byte[] Digest, byte[] Signature) Signed(Random random, params byte[] beginning)
    {
        using var secret = PrivateKey.Generate(bytes => random.NextBytes(bytes.Span));
        byte[] key = new byte[Secp256k1.PublicKeySize], digest = new byte[Secp256k1.DigestSize], signature = new byte[Secp256k1.SignatureSize];
        random.NextBytes(digest);
        beginning.CopyTo(digest, 0);
        secret.CopyPublicKey(key);
        secret.Sign(digest, signature);
        return (key, digest, signature);
    }
}
