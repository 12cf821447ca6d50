using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>A client with a key of its own.</summary>
internal sealed class Sender : IDisposable
{
    private static int _last;

    private readonly PrivateKey _key;

    public Sender(int number = 0)
    {
        var secret = new byte[32];
        BinaryPrimitives.WriteInt32BigEndian(secret.AsSpan(28), number == 0 ? 1000 + Interlocked.Increment(ref _last) : number);
        _key = PrivateKey.FromBytes(secret);
        var key = new byte[33];
        _key.CopyPublicKey(key);
        PublicKey = Convert.ToHexStringLower(key);
    }

    public string PublicKey { get; }

    public string KeyParams => $$"""{"public_key":"{{PublicKey}}"}""";

    public string IdOf(ulong nonce) => Message.IdOf(new PublicKey(Convert.FromHexString(PublicKey)), nonce).ToString();

    public string IdParams(ulong nonce) => $$"""{"message_id":"{{IdOf(nonce)}}"}""";

    public byte[] Sign(ulong nonce, byte[] content) => MessageSigner.Sign(new ChainParameters(), _key, nonce, content);

    public string SignatureOf(ulong nonce, string content) =>
        Convert.ToHexStringLower(Sign(nonce, Encoding.UTF8.GetBytes(content)).AsSpan(49, 64));

    /// <summary>The params of submit_message.</summary>
    public string Params(ulong nonce, string content) => Params(nonce, content, SignatureOf(nonce, content));

    public string Params(ulong nonce, string content, string signature)
    {
        var text = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(content);
        return $$"""{"content":"{{text}}","signature":"{{signature}}","public_key":"{{PublicKey}}","nonce":{{nonce}}}""";
    }

    public void Dispose() => _key.Dispose();
}
