using System.Security.Cryptography;
using System.Text.Json;
using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

/// <summary>Wycheproof's cases for secp256k1 with compact signatures; ours are low-S only, so its valid high-S ones are refused.</summary>
public sealed class WycheproofTests(ITestOutputHelper output)
{
    private static readonly byte[] HalfOrder = Convert.FromHexString("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0");

    [Fact]
    public void Every_case_of_the_file_is_judged_as_it_says()
    {
        using JsonDocument file = Vectors.Json("ecdsa_secp256k1_sha256_p1363_test.json");
        int accepted = 0, refused = 0, highS = 0, otherLength = 0;
        foreach (JsonElement group in file.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            byte[] key = Compress(Hex(group.GetProperty("publicKey"), "uncompressed"));
            bool parsed = Secp256k1.TryParse(key, out ParsedPublicKey parsedKey);
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                byte[] signature = Hex(test, "sig");
                bool valid = test.GetProperty("result").GetString() == "valid";
                bool high = valid && signature.AsSpan(32).SequenceCompareTo(HalfOrder) > 0;
                byte[] digest = SHA256.HashData(Hex(test, "msg"));

                bool answer = Secp256k1.Verify(key, digest, signature);

                string name = $"case {test.GetProperty("tcId").GetInt32()}: {test.GetProperty("comment").GetString()}";
                Assert.True(answer == (valid && !high), name);
                Assert.Equal(answer, parsed && Secp256k1.Verify(in parsedKey, digest, signature));
                highS += high ? 1 : 0;
                accepted += answer ? 1 : 0;
                refused += answer || high ? 0 : 1;
                otherLength += signature.Length == Secp256k1.SignatureSize ? 0 : 1;
            }
        }

        int applied = accepted + refused + highS;
        output.WriteLine($"{applied} applied: {accepted} accepted, {highS} valid but high-S and so refused, {refused} refused");
        output.WriteLine($"{otherLength} of the refused have another length");
        Assert.Equal(file.RootElement.GetProperty("numberOfTests").GetInt32(), applied);
        Assert.True(accepted > 50 && refused > 50 && highS > 0);
    }

    private static byte[] Hex(JsonElement parent, string name) => Convert.FromHexString(parent.GetProperty(name).GetString()!);

    private static byte[] Compress(byte[] uncompressed)
    {
        Assert.Equal(65, uncompressed.Length);
        return [(byte)(2 + (uncompressed[64] & 1)), .. uncompressed[1..33]];
    }
}
