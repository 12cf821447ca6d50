using System.Security.Cryptography;
using System.Text;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;

namespace Kimura.Tests.Integration.Harness;

/// <summary>A message as a client sends it.</summary>
internal sealed record SignedMessage(MessageId Id, PublicKey Sender, ulong Nonce, string Content, string Signature)
{
    public object ToParameters() => new { content = Content, signature = Signature, public_key = Sender.ToString(), nonce = Nonce };
}

/// <summary>A key with a counter of its own.</summary>
internal sealed class Sender : IDisposable
{
    private readonly PrivateKey _key = PrivateKey.Generate(static bytes => RandomNumberGenerator.Fill(bytes.Span));
    private readonly ChainParameters _parameters;

    public Sender(ChainParameters? parameters = null)
    {
        _parameters = parameters ?? new ChainParameters();
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        _key.CopyPublicKey(bytes);
        PublicKey = new PublicKey(bytes);
    }

    public PublicKey PublicKey { get; }

    public ulong NextNonce { get; private set; }

    /// <summary>Signs with the next nonce, which is used up by it.</summary>
    public SignedMessage Sign(string content) => SignAt(NextNonce++, content);

    public SignedMessage[] Sign(int count, string content) =>
        [.. Enumerable.Range(0, count).Select(i => Sign($"{content} {i}"))];

    public SignedMessage SignAt(ulong nonce, string content)
    {
        var encoding = MessageSigner.Sign(_parameters, _key, nonce, Encoding.UTF8.GetBytes(content));
        return Message.TryDecode(encoding, ChainParameters.ContentLimit, out var message)
            ? new SignedMessage(message.ComputeId(), PublicKey, nonce, content, Convert.ToHexStringLower(message.Signature))
            : throw new ArgumentException("the content is too large to be signed", nameof(content));
    }

    public void Dispose() => _key.Dispose();
}
