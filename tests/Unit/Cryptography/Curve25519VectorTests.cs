using System.Security.Cryptography;
using System.Text.Json;
using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

/// <summary>Wycheproof's cases for Ed25519, X25519 and ChaCha20-Poly1305.</summary>
public sealed class Curve25519VectorTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_Ed25519_case_is_judged_as_the_file_says()
    {
        int count = 0;
        foreach ((JsonElement group, JsonElement test) in Cases("ed25519_test.json"))
        {
            byte[] key = Hex(group.GetProperty("publicKey"), "pk");
            bool valid = test.GetProperty("result").GetString() == "valid";
            Assert.True(Ed25519.Verify(key, Hex(test, "msg"), Hex(test, "sig")) == valid, Name(test));
            count++;
        }

        output.WriteLine($"{count} cases");
        Assert.Equal(151, count);
    }

    [Fact]
    public void Every_X25519_case_agrees_and_an_all_zero_secret_is_refused()
    {
        int agreed = 0, refused = 0;
        byte[] shared = new byte[32];
        foreach ((_, JsonElement test) in Cases("x25519_test.json"))
        {
            using X25519PrivateKey key = X25519PrivateKey.FromBytes(Hex(test, "private"));
            byte[] expected = Hex(test, "shared");
            bool zero = expected.All(b => b == 0);
            bool answer = key.TryAgree(Hex(test, "public"), shared);
            Assert.True(answer == !zero, Name(test));
            Assert.True(!answer || shared.AsSpan().SequenceEqual(expected), Name(test));
            agreed += answer ? 1 : 0;
            refused += answer ? 0 : 1;
        }

        output.WriteLine($"{agreed} agreed, {refused} refused");
        Assert.Equal(518, agreed + refused);
        Assert.True(refused > 0);
    }

    [Fact]
    public void Every_ChaCha20Poly1305_case_is_judged_as_the_file_says()
    {
        int applied = 0;
        foreach ((JsonElement group, JsonElement test) in Cases("chacha20_poly1305_test.json"))
        {
            if (group.GetProperty("ivSize").GetInt32() != 96)
            {
                continue;
            }

            using ChaCha20Poly1305 cipher = new(Hex(test, "key"));
            byte[] message = Hex(test, "msg"), sealedText = Hex(test, "ct"), tag = Hex(test, "tag");
            byte[] nonce = Hex(test, "iv"), data = Hex(test, "aad"), opened = new byte[sealedText.Length];
            if (test.GetProperty("result").GetString() == "valid")
            {
                byte[] made = new byte[message.Length], madeTag = new byte[16];
                cipher.Encrypt(nonce, message, made, madeTag, data);
                Assert.Equal(sealedText, made);
                Assert.Equal(tag, madeTag);
                cipher.Decrypt(nonce, sealedText, tag, opened, data);
                Assert.Equal(message, opened);
            }
            else
            {
                Assert.Throws<AuthenticationTagMismatchException>(() => cipher.Decrypt(nonce, sealedText, tag, opened, data));
            }

            applied++;
        }

        Assert.True(applied > 250, $"{applied} applied");
    }

    [Fact]
    public void Rfc_8032_key_signs_as_printed_there_and_a_changed_bit_is_refused()
    {
        using Ed25519PrivateKey key = Ed25519PrivateKey.FromSeed(
            Convert.FromHexString("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
        byte[] signature = new byte[64];
        key.Sign([0x72], signature);
        Assert.Equal("3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C", Convert.ToHexString(key.PublicKey));
        Assert.Equal(
            "92A009A9F0D4CAB8720E820B5F642540A2B27B5416503F8FB3762223EBDB69DA085AC1E43E15996E458F3613D0F11D8C387B2EAEB4302AEEB00D291612BB0C00",
            Convert.ToHexString(signature));
        Assert.True(Ed25519.Verify(key.PublicKey, [0x72], signature));
        signature[40] ^= 1;
        Assert.False(Ed25519.Verify(key.PublicKey, [0x72], signature));
        Assert.Equal("Ed25519PrivateKey(redacted)", key.ToString());
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign([1], signature));
    }

    [Fact]
    public void Der_form_of_a_signature_verifies_and_bytes_of_any_value_do_not_throw()
    {
        Random random = Seeds.New(output);
        using PrivateKey key = PrivateKey.Generate(memory => random.NextBytes(memory.Span));
        byte[] digest = SHA256.HashData([1, 2, 3]), compact = new byte[64], publicKey = new byte[33];
        key.Sign(digest, compact);
        key.CopyPublicKey(publicKey);
        byte[] der = Secp256k1.ToDer(compact);
        Assert.True(Secp256k1.VerifyDer(publicKey, digest, der));
        for (int i = 0; i < 2000; i++)
        {
            byte[] changed = [.. der];
            changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            Assert.False(Secp256k1.VerifyDer(publicKey, digest, changed));
        }

        Assert.False(Secp256k1.VerifyDer(publicKey, digest, []));
        Assert.False(Secp256k1.VerifyDer(publicKey, digest, new byte[200]));
        Assert.Throws<ArgumentException>(() => Secp256k1.ToDer(new byte[63]));
    }

    private static IEnumerable<(JsonElement Group, JsonElement Test)> Cases(string name)
    {
        using JsonDocument file = Vectors.Json(name);
        foreach (JsonElement group in file.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                yield return (group, test);
            }
        }
    }

    private static byte[] Hex(JsonElement parent, string name) => Convert.FromHexString(parent.GetProperty(name).GetString()!);

    private static string Name(JsonElement test) => $"case {test.GetProperty("tcId").GetInt32()}: {test.GetProperty("comment").GetString()}";
}
