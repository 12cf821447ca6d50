using System.Security.Cryptography;
using System.Text;
using Kimura.Cryptography;
using Kimura.Durability;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Repair;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Network;

/// <summary>
/// The node's name in the network: an Ed25519 key whose seed is kept as a key file (protocol sections 1 and 6), and beside it, in
/// <c>peer.id</c>, the name itself. The two speak for each other: a flipped bit in either is found, and turned back.
/// </summary>
internal static partial class PeerIdentity
{
    /// <exception cref="KeyFileException">The file cannot be read or written, or others can read it.</exception>
    public static Identity Load(string path, ILogger logger)
    {
        if (!File.Exists(path))
        {
            using var made = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
            KeyFile.Create(path, made);
            File.Delete(NameOf(path));
        }

        try
        {
            var name = File.Exists(NameOf(path)) ? Encoding.Latin1.GetString(File.ReadAllBytes(NameOf(path))) : null;
            return name is null ? Remember(path, Read(path)) : Compare(path, name, logger);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KeyFileException($"{NameOf(path)}: {exception.Message}", exception);
        }
    }

    private static string NameOf(string path) => Path.ChangeExtension(path, ".id");

    private static string TextOf(Identity identity) => $"{identity.Id}\n";

    private static Identity Compare(string path, string name, ILogger logger)
    {
        Identity? identity = null;
        KeyFileException? malformed = null;
        try
        {
            identity = Read(path);
            if (TextOf(identity) == name)
            {
                return identity;
            }
        }
        catch (KeyFileException exception)
        {
            malformed = exception;
        }

        if (identity is not null && FlippedBit.TurnBack(Encoding.Latin1.GetBytes(name), bytes => Encoding.Latin1.GetString(bytes) == TextOf(identity)) is not null)
        {
            LogNameMended(logger, NameOf(path));
            return Remember(path, identity);
        }

        if (FlippedBit.TurnBack(File.ReadAllBytes(path), text => IsNamed(text, name)) is { } mended)
        {
            identity?.Dispose();
            DurableFile.Create(path, mended, overwrite: true);
            CryptographicOperations.ZeroMemory(mended);
            LogKeyMended(logger, path);
            return Read(path);
        }

        if (identity is null)
        {
            throw malformed!;
        }

        // Another key was put here.
        LogOther(logger, path, identity.Id, name.Trim());
        return Remember(path, identity);
    }

    private static bool IsNamed(byte[] text, string name)
    {
        Span<byte> seed = stackalloc byte[Secp256k1.PrivateKeySize];
        if (text.Length != (2 * seed.Length) + 1 || text[^1] != (byte)'\n'
            || Convert.FromHexString(text.AsSpan(0, 2 * seed.Length), seed, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        using var identity = Identity.FromEd25519Seed(seed);
        CryptographicOperations.ZeroMemory(seed);
        return TextOf(identity) == name;
    }

    private static Identity Remember(string path, Identity identity)
    {
        DurableFile.Create(NameOf(path), Encoding.ASCII.GetBytes(TextOf(identity)), overwrite: true);
        return identity;
    }

    private static Identity Read(string path)
    {
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} had a flipped bit, as the name beside it shows: turned back")]
    private static partial void LogKeyMended(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} had a flipped bit, as the key beside it shows: turned back")]
    private static partial void LogNameMended(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} holds the key of {Peer}, and not of {Name} as before: from now on this node has that name")]
    private static partial void LogOther(ILogger logger, string path, PeerId peer, string name);
}
