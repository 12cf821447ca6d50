using Kimura.Cryptography;

namespace Kimura.Chain.Messages;

/// <summary>Makes signed messages: what a client does.</summary>
public static class MessageSigner
{
    /// <summary>The canonical encoding of a signed message, with timestamp 0 (the leader stamps it).</summary>
    public static byte[] Sign(ChainParameters parameters, PrivateKey key, ulong nonce, ReadOnlySpan<byte> content)
    {
        Span<byte> sender = stackalloc byte[PublicKey.Size];
        Span<byte> digest = stackalloc byte[Hash32.Size];
        Span<byte> signature = stackalloc byte[Signature.Size];
        key.CopyPublicKey(sender);
        Message.SigningDigest(parameters, sender, nonce, content, digest);
        key.Sign(digest, signature);
        var encoding = new byte[Message.EncodedSize(content.Length)];
        Message.Encode(encoding, sender, nonce, timestamp: 0, signature, content);
        return encoding;
    }
}
