using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

public sealed class Secp256k1Tests(ITestOutputHelper output)
{
    private const string Order = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141";
    private const string One = "0000000000000000000000000000000000000000000000000000000000000001";
    private const string Generator = "0279BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798";

    private static readonly BigInteger N = BigInteger.Parse("0" + Order, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    // The answers that the libraries of this curve share for RFC 6979 with SHA-256, low-S: key, message, r and s.
    [Theory]
    [InlineData(
        One,
        "Satoshi Nakamoto",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8" +
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5")]
    [InlineData(
        One,
        "All those moments will be lost in time, like tears in rain. Time to die...",
        "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b" +
        "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21")]
    [InlineData(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
        "Satoshi Nakamoto",
        "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0" +
        "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5")]
    [InlineData(
        "f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181",
        "Alan Turing",
        "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c" +
        "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea")]
    [InlineData(
        "e91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2",
        "There is a computer disease that anybody who works with computers knows about. It's a very serious disease and it " +
        "interferes completely with the work. The trouble with computers is that you 'play' with them!",
        "b552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b" +
        "279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6")]
    public void Signature_is_the_deterministic_one(string key, string message, string expected)
    {
        using PrivateKey secret = PrivateKey.FromBytes(Convert.FromHexString(key));
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(message));
        byte[] signature = Sign(secret, digest);
        Assert.Equal(expected, Convert.ToHexStringLower(signature));
        Assert.True(Secp256k1.Verify(PublicKey(secret), digest, signature));
    }

    [Fact]
    public void Public_key_of_one_is_the_generator()
    {
        using PrivateKey secret = PrivateKey.FromBytes(Convert.FromHexString(One));
        Assert.Equal(Generator, Convert.ToHexString(PublicKey(secret)));
    }

    [Fact]
    public void Signatures_of_random_keys_verify_for_their_digest_and_no_other()
    {
        Random random = Seeds.New(output);
        for (int i = 0; i < 50; i++)
        {
            using PrivateKey secret = NewKey(random), other = NewKey(random);
            byte[] digest = NewDigest(random), otherDigest = NewDigest(random), key = PublicKey(secret);
            byte[] signature = Sign(secret, digest);
            Assert.True(Secp256k1.Verify(key, digest, signature));
            Assert.False(Secp256k1.Verify(key, otherDigest, signature));
            Assert.False(Secp256k1.Verify(PublicKey(other), digest, signature));
            Assert.True(new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true) <= N / 2);

            Assert.True(Secp256k1.TryParse(key, out ParsedPublicKey parsed));
            Assert.True(Secp256k1.Verify(in parsed, digest, signature));
            Assert.False(Secp256k1.Verify(in parsed, otherDigest, signature));
        }
    }

    [Fact]
    public void Any_flipped_bit_is_refused()
    {
        Random random = Seeds.New(output);
        using PrivateKey secret = NewKey(random);
        byte[] digest = NewDigest(random), key = PublicKey(secret), signature = Sign(secret, digest);
        foreach (byte[] part in (byte[][])[digest, key, signature])
        {
            for (int bit = 0; bit < 8 * part.Length; bit++)
            {
                part[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(Secp256k1.Verify(key, digest, signature));
                part[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }

        Assert.True(Secp256k1.Verify(key, digest, signature));
    }

    [Fact]
    public void High_s_twin_of_a_good_signature_is_refused()
    {
        Random random = Seeds.New(output);
        using PrivateKey secret = NewKey(random);
        byte[] digest = NewDigest(random), key = PublicKey(secret), signature = Sign(secret, digest);
        BigInteger s = new(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);
        byte[] twin = (N - s).ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] malleated = [.. signature[..32], .. new byte[32 - twin.Length], .. twin];
        Assert.False(Secp256k1.Verify(key, digest, malleated));
        Assert.True(Secp256k1.TryParse(key, out ParsedPublicKey parsed));
        Assert.False(Secp256k1.Verify(in parsed, digest, malleated));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void Zero_in_a_signature_is_refused(int r, int s)
    {
        byte[] signature = new byte[Secp256k1.SignatureSize];
        signature[31] = (byte)r;
        signature[63] = (byte)s;
        Assert.False(Secp256k1.Verify(Convert.FromHexString(Generator), new byte[Secp256k1.DigestSize], signature));
    }

    [Fact]
    public void Numbers_at_or_above_the_order_are_refused()
    {
        byte[] order = Convert.FromHexString(Order), key = Convert.FromHexString(Generator), digest = new byte[Secp256k1.DigestSize];
        byte[] low = Convert.FromHexString(One), top = [.. Enumerable.Repeat(byte.MaxValue, 32)];
        Assert.False(Secp256k1.Verify(key, digest, [.. order, .. low]));
        Assert.False(Secp256k1.Verify(key, digest, [.. low, .. order]));
        Assert.False(Secp256k1.Verify(key, digest, [.. top, .. low]));
        Assert.False(Secp256k1.Verify(key, digest, [.. low, .. top]));
    }

    [Fact]
    public void Other_lengths_are_refused_and_nothing_is_read_beyond_them()
    {
        using PrivateKey secret = NewKey(Seeds.New(output));
        byte[] digest = new byte[Secp256k1.DigestSize], key = PublicKey(secret), signature = Sign(secret, digest);
        foreach (int change in (int[])[-1, 1])
        {
            Assert.False(Secp256k1.Verify(Resize(key, change), digest, signature));
            Assert.False(Secp256k1.Verify(key, Resize(digest, change), signature));
            Assert.False(Secp256k1.Verify(key, digest, Resize(signature, change)));
            Assert.False(Secp256k1.IsValidPublicKey(Resize(key, change)));
        }

        Assert.False(Secp256k1.Verify([], [], []));
        Assert.False(Secp256k1.IsValidPublicKey([]));
    }

    [Theory]
    [InlineData("020000000000000000000000000000000000000000000000000000000000000005", false)] // no such point: x^3 + 7 is no square
    [InlineData("020000000000000000000000000000000000000000000000000000000000000000", false)]
    [InlineData("02FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC30", false)] // x above the field's prime, by one
    [InlineData("0479BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798", false)]
    [InlineData("0079BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798", false)]
    [InlineData("0379BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798", true)]
    [InlineData(Generator, true)]
    public void Only_compressed_points_of_the_curve_are_keys(string key, bool valid)
    {
        byte[] bytes = Convert.FromHexString(key);
        Assert.Equal(valid, Secp256k1.IsValidPublicKey(bytes));
        Assert.Equal(valid, Secp256k1.TryParse(bytes, out ParsedPublicKey parsed));
        Assert.Equal(!valid, parsed.IsEmpty);
    }

    [Fact]
    public void Empty_parsed_key_verifies_nothing()
    {
        ParsedPublicKey empty = default;
        Assert.True(empty.IsEmpty);
        Assert.False(Secp256k1.Verify(in empty, new byte[Secp256k1.DigestSize], new byte[Secp256k1.SignatureSize]));
        Assert.Equal("ParsedPublicKey(empty)", empty.ToString());
    }

    [Fact]
    public void Parsed_keys_are_equal_when_the_keys_are()
    {
        byte[] other = Convert.FromHexString(Generator);
        Assert.True(Secp256k1.TryParse(other, out ParsedPublicKey first));
        Assert.True(Secp256k1.TryParse(other, out ParsedPublicKey second));
        other[0] = 3;
        Assert.True(Secp256k1.TryParse(other, out ParsedPublicKey third));
        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
        Assert.Equal("ParsedPublicKey", first.ToString());
    }

    [Fact]
    public void Signing_and_verifying_do_not_allocate()
    {
        using PrivateKey secret = NewKey(Seeds.New(output));
        byte[] digest = new byte[Secp256k1.DigestSize], key = PublicKey(secret), signature = new byte[Secp256k1.SignatureSize];
        Assert.Equal(0, Allocations.Of(() =>
        {
            secret.Sign(digest, signature);
            secret.CopyPublicKey(key);
            _ = Secp256k1.Verify(key, digest, signature);
        }));
        Assert.True(Secp256k1.Verify(key, digest, signature));
    }

    internal static PrivateKey NewKey(Random random) => PrivateKey.Generate(bytes => random.NextBytes(bytes.Span));

    internal static byte[] NewDigest(Random random)
    {
        byte[] digest = new byte[Secp256k1.DigestSize];
        random.NextBytes(digest);
        return digest;
    }

    internal static byte[] PublicKey(PrivateKey secret)
    {
        byte[] key = new byte[Secp256k1.PublicKeySize];
        secret.CopyPublicKey(key);
        return key;
    }

    internal static byte[] Sign(PrivateKey secret, byte[] digest)
    {
        byte[] signature = new byte[Secp256k1.SignatureSize];
        secret.Sign(digest, signature);
        return signature;
    }

    private static byte[] Resize(byte[] bytes, int change)
    {
        Array.Resize(ref bytes, bytes.Length + change);
        return bytes;
    }
}
