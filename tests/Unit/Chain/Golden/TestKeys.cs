using Kimura.Chain;
using Kimura.Cryptography;

namespace Kimura.Tests.Unit.Chain.Golden;

/// <summary>Private keys that everybody knows.</summary>
internal static class TestKeys
{
    /// <summary>Names and private keys, in the order of the golden file.</summary>
    public static IReadOnlyList<(string Name, string Secret)> All { get; } =
    [
        ("one", "0000000000000000000000000000000000000000000000000000000000000001"),
        ("largest", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"),
        ("leader", "c0ffee00000000000000000000000000000000000000000000000000000a1ead"),
        ("alice", "1a11ce0000000000000000000000000000000000000000000000000000000001"),
        ("bob", "b0b0000000000000000000000000000000000000000000000000000000000002"),
        ("carol", "ca401fedcba98765432100112233445566778899aabbccddeeff000000000003"),
    ];

    /// <summary>The key with a name.</summary>
    public static PrivateKey Private(string name) => PrivateKey.FromBytes(Convert.FromHexString(Secret(name)));

    /// <summary>The public key with a name.</summary>
    public static PublicKey Public(string name)
    {
        using var key = Private(name);
        var bytes = new byte[PublicKey.Size];
        key.CopyPublicKey(bytes);
        return new PublicKey(bytes);
    }

    /// <summary>The private key with a name, in hex.</summary>
    public static string Secret(string name) => All.Single(key => key.Name == name).Secret;
}
