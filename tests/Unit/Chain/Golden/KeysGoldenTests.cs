using System.Text.Json.Nodes;
using Kimura.Chain;
using Kimura.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Chain.Golden;

public sealed class KeysGoldenTests
{
    private const string FileName = "keys.json";
    private const string Order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

    [Fact]
    public void Keys_and_what_is_no_key_are_as_committed()
    {
        GoldenFile.Check(FileName, new JsonObject
        {
            ["description"] = "secp256k1 keys that are known to everybody and guard nothing (protocol section 1). private_key: 32 bytes; "
                + "public_key: 33 bytes, compressed SEC1. refused_private_keys and refused_public_keys must not be taken for keys. " + GoldenFile.NumberRule,
            ["keys"] = GoldenFile.Array(TestKeys.All.Select(key => new JsonObject
            {
                ["name"] = key.Name,
                ["private_key"] = key.Secret,
                ["public_key"] = TestKeys.Public(key.Name).ToString(),
            })),
            ["refused_private_keys"] = GoldenFile.Array(
            [
                Refused("private_key", new string('0', 64), "zero"),
                Refused("private_key", Order, "the group order"),
                Refused("private_key", new string('f', 64), "above the group order"),
            ]),
            ["refused_public_keys"] = GoldenFile.Array(
            [
                Refused("public_key", "02" + new string('0', 63) + "5", "x has no point on the curve"),
                Refused("public_key", "04" + TestKeys.Public("one").ToString()[2..], "the prefix of an uncompressed key"),
                Refused("public_key", "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", "x is the field's prime"),
                Refused("public_key", new string('0', 66), "all zero"),
            ]),
        });
    }

    [Fact]
    public void Refused_private_keys_are_refused()
    {
        foreach (var row in GoldenFile.Read(FileName)["refused_private_keys"]!.AsArray())
        {
            Assert.Throws<ArgumentException>(() => PrivateKey.FromBytes(GoldenFile.ToBytes(row!["private_key"])));
        }
    }

    [Fact]
    public void Refused_public_keys_are_refused_and_the_others_taken()
    {
        var file = GoldenFile.Read(FileName);
        Assert.All(file["refused_public_keys"]!.AsArray(), row => Assert.False(PublicKey.TryParse(row!["public_key"]!.GetValue<string>(), out _)));
        Assert.All(file["keys"]!.AsArray(), row => Assert.True(PublicKey.TryParse(row!["public_key"]!.GetValue<string>(), out _)));
    }

    private static JsonObject Refused(string field, string hex, string why) => new() { [field] = hex, ["why"] = why };
}
