using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

public sealed class PrivateKeyTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141")]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("01")]
    [InlineData("")]
    [InlineData("000000000000000000000000000000000000000000000000000000000000000001")]
    public void What_is_no_key_is_an_argument_error(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.Throws<ArgumentException>(() => PrivateKey.FromBytes(bytes));
    }

    [Fact]
    public void Bytes_are_copied_in_and_out()
    {
        byte[] bytes = [.. Enumerable.Range(1, 32).Select(i => (byte)i)], kept = [.. bytes], read = new byte[32];
        using PrivateKey key = PrivateKey.FromBytes(bytes);
        Array.Clear(bytes);
        key.CopySecret(read);
        Assert.Equal(kept, read);
    }

    [Fact]
    public void Generation_draws_again_until_a_candidate_is_a_key()
    {
        byte[] good = [.. Enumerable.Range(1, 32).Select(i => (byte)i)], read = new byte[32];
        Memory<byte> seen = default;
        int draws = 0;
        using PrivateKey key = PrivateKey.Generate(bytes =>
        {
            Assert.Equal(32, bytes.Length);
            seen = bytes;
            draws++;
            (draws == 3 ? good : new byte[32]).CopyTo(bytes);
        });
        key.CopySecret(read);
        Assert.Equal(3, draws);
        Assert.Equal(good, read);
        Assert.False(seen.Span.ContainsAnyExcept((byte)0), "The candidate is left in memory.");
    }

    [Fact]
    public void Broken_source_of_randomness_ends_generation()
    {
        int draws = 0;
        Assert.Throws<InvalidOperationException>(() => PrivateKey.Generate(_ => draws++));
        Assert.InRange(draws, 2, 1000);
    }

    [Fact]
    public void Key_says_nothing_of_itself()
    {
        using PrivateKey key = Secp256k1Tests.NewKey(Seeds.New(output));
        Assert.Equal("PrivateKey(redacted)", key.ToString());
        Assert.Equal("PrivateKey(redacted)", $"{key}");
        Assert.Empty(typeof(PrivateKey).GetProperties());
        Assert.Empty(typeof(PrivateKey).GetFields());
    }

    [Fact]
    public void Disposed_key_cannot_be_used()
    {
        PrivateKey key = Secp256k1Tests.NewKey(Seeds.New(output));
        key.Dispose();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign(new byte[32], new byte[64]));
        Assert.Throws<ObjectDisposedException>(() => key.CopyPublicKey(new byte[33]));
        Assert.Throws<ObjectDisposedException>(() => key.CopySecret(new byte[32]));
        Assert.Equal("PrivateKey(redacted)", key.ToString());
    }

    [Fact]
    public void Disposing_while_others_sign_gives_good_signatures_or_a_refusal()
    {
        Random random = Seeds.New(output);
        byte[] digest = Secp256k1Tests.NewDigest(random);
        for (int round = 0; round < 20; round++)
        {
            using PrivateKey key = Secp256k1Tests.NewKey(random);
            byte[] publicKey = Secp256k1Tests.PublicKey(key);
            using Barrier start = new(2);
            Thread signer = new(() =>
            {
                byte[] signature = new byte[Secp256k1.SignatureSize];
                start.SignalAndWait();
                try
                {
                    for (int i = 0; i < 1000; i++)
                    {
                        key.Sign(digest, signature);
                        Assert.True(Secp256k1.Verify(publicKey, digest, signature));
                    }
                }
                catch (ObjectDisposedException)
                {
                    // What a disposed key says.
                }
            });
            signer.Start();
            start.SignalAndWait();
            Thread.SpinWait(random.Next(200_000));
            key.Dispose();
            Assert.True(signer.Join(TimeSpan.FromSeconds(30)));
        }
    }

    [Fact]
    public void Lengths_are_checked_before_anything_is_written()
    {
        using PrivateKey key = Secp256k1Tests.NewKey(Seeds.New(output));
        Assert.Throws<ArgumentException>(() => key.Sign(new byte[31], new byte[64]));
        Assert.Throws<ArgumentException>(() => key.Sign(new byte[33], new byte[64]));
        Assert.Throws<ArgumentException>(() => key.Sign(new byte[32], new byte[63]));
        Assert.Throws<ArgumentException>(() => key.CopyPublicKey(new byte[32]));
        Assert.Throws<ArgumentException>(() => key.CopySecret(new byte[31]));
    }
}
