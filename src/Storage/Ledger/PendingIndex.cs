using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Kimura.Chain;

namespace Kimura.Storage.Ledger;

/// <summary>
/// What is on disk and in no visible block, in memory: read from any thread, changed by the pool's and the block's commits.
/// </summary>
internal sealed class PendingIndex
{
    private readonly ConcurrentDictionary<MessageId, PendingMessage> _messages = new();
    private readonly ConcurrentDictionary<PublicKey, Range> _senders = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public IEnumerable<PendingMessage> Messages => _messages.Values;

    public bool TryGet(MessageId id, [NotNullWhen(true)] out PendingMessage? message) => _messages.TryGetValue(id, out message);

    public ulong? NextNonceOf(PublicKey sender) => _senders.TryGetValue(sender, out var range) ? range.Next : null;

    public ulong? FirstNonceOf(PublicKey sender) => _senders.TryGetValue(sender, out var range) ? range.First : null;

    public void Add(PendingMessage message)
    {
        var nonce = message.Message.Nonce;
        _senders.AddOrUpdate(
            message.Message.Sender,
            static (_, nonce) => new Range(nonce, nonce + 1),
            static (sender, range, nonce) => range.Next == nonce
                ? range with { Next = nonce + 1 }
                : throw new InvalidOperationException($"pending nonce {nonce} of {sender} after {range.Next}"),
            nonce);
        if (!_messages.TryAdd(message.Id, message))
        {
            throw new InvalidOperationException($"message {message.Id} is pending twice");
        }

        Interlocked.Increment(ref _count);
    }

    public void Remove(PendingMessage message)
    {
        var nonce = message.Message.Nonce;
        if (!_messages.TryRemove(message.Id, out _) || !TryLeave(message.Message.Sender, nonce))
        {
            throw new InvalidOperationException($"message {message.Id} leaves the pool out of order");
        }

        Interlocked.Decrement(ref _count);
    }

    // The pool may add a message of the same sender at the same time: so compare and swap.
    private bool TryLeave(PublicKey sender, ulong nonce)
    {
        while (_senders.TryGetValue(sender, out var range) && range.First == nonce)
        {
            var left = nonce + 1 == range.Next
                ? _senders.TryRemove(KeyValuePair.Create(sender, range))
                : _senders.TryUpdate(sender, range with { First = nonce + 1 }, range);
            if (left)
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Range(ulong First, ulong Next);
}
