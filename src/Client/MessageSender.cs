using System.Text;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Cryptography;

namespace Kimura.Client;

/// <summary>Signs texts with one key and submits them, one after the other. Use one for a key: nonces are counted here.</summary>
/// <param name="client">The node.</param>
/// <param name="key">The sender's key; stays the caller's to dispose.</param>
/// <param name="parameters">The chain: its id is signed with every message.</param>
public sealed class MessageSender(KimuraClient client, PrivateKey key, ChainParameters parameters) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private ulong? _next;

    /// <summary>The sender.</summary>
    public PublicKey PublicKey { get; } = KeyOf(key);

    /// <summary>Signs with the next nonce and submits; gives the id when the message is on the leader's disk.</summary>
    /// <exception cref="KimuraRpcException">The node refused it.</exception>
    public async Task<MessageId> SendAsync(string content, CancellationToken cancellation = default)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var nonce = _next ?? await client.GetNonceAsync(PublicKey, cancellation);
            // Whatever goes wrong from here on, the node knows best what comes next.
            _next = null;
            Message.TryDecode(MessageSigner.Sign(parameters, key, nonce, Encoding.UTF8.GetBytes(content)), ChainParameters.ContentLimit, out var message);
            await client.SubmitAsync(message, cancellation);
            _next = nonce + 1;
            return message.ComputeId();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private static PublicKey KeyOf(PrivateKey key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.CopyPublicKey(bytes);
        return new PublicKey(bytes);
    }
}
