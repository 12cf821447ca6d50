using Kimura.Gateway.Methods;

namespace Kimura.Gateway.Submissions;

/// <summary>What a submission says (protocol section 7), and where among the params.</summary>
internal static class SubmissionParams
{
    public const int Sender = 0;
    public const int Content = 1;
    public const int Signature = 2;
    public const int PublicKey = 3;
    public const int Nonce = 4;

    /// <summary>The params in order.</summary>
    public static readonly RpcParam[] All =
    [
        new("sender", new HexType(Chain.PublicKey.Size), "The sender; must be the same as public_key where given.", isRequired: false),
        new("content", new TextType(), "The message's text; its UTF-8 bytes are what is signed."),
        new("signature", new HexType(Chain.Signature.Size), "secp256k1 signature over the signing digest: r ++ s, low-S."),
        new("public_key", new HexType(Chain.PublicKey.Size), "The sender's compressed secp256k1 key."),
        new("nonce", new NumberType(0, ulong.MaxValue), "The sender's counter: 0 first, then one more each time (get_nonce tells)."),
    ];
}
