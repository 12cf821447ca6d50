using Kimura.Chain;
using Kimura.Chain.Messages;

namespace Kimura.Storage.Ledger;

/// <summary>
/// Senders' next nonces while blocks that follow each other are written. <paramref name="first"/> says which nonce a sender's first one must
/// have, null where it is not known.
/// </summary>
internal sealed class NonceRun(Func<PublicKey, ulong?> first)
{
    private readonly Dictionary<PublicKey, ulong> _next = [];

    /// <summary>Goes on by a message.</summary>
    /// <exception cref="InvalidOperationException">It has another nonce than it must: what is verified never does.</exception>
    public void Take(ulong height, in Message body)
    {
        var sender = body.Sender;
        var next = _next.TryGetValue(sender, out var known) ? known : first(sender) ?? body.Nonce;
        if (next != body.Nonce)
        {
            throw new InvalidOperationException($"block {height}: nonce {body.Nonce} of {sender} where {next} must be");
        }

        _next[sender] = body.Nonce + 1;
    }

    /// <summary>The next nonce of a sender who was taken.</summary>
    public ulong NextOf(PublicKey sender) => _next[sender];
}
