using System.Security.Cryptography;
using Kimura.Cryptography;
using Kimura.Libp2p.Identities;

namespace Kimura.Silo.Network;

/// <summary>The node's name in the network: an Ed25519 key whose seed is kept as a key file (protocol sections 1 and 6).</summary>
internal static class PeerIdentity
{
    /// <exception cref="KeyFileException">The file cannot be read or written, or others can read it.</exception>
    public static Identity Load(string path)
    {
        if (!File.Exists(path))
        {
            using var made = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
            KeyFile.Create(path, made);
        }

        using var key = KeyFile.Load(path);
        Span<byte> seed = stackalloc byte[Secp256k1.PrivateKeySize];
        try
        {
            key.CopySecret(seed);
            return Identity.FromEd25519Seed(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }
}
