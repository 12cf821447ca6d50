using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Storage.Ledger;

namespace Kimura.Grains.Pool;

/// <summary>
/// Who may come in next: each sender's next nonce, what is stored and what is on its way to the disk, and the limits. Plain state, no
/// waiting: one call is one step.
/// </summary>
internal sealed class AdmissionBook(NodeOptions limits, ulong nextArrival)
{
    private readonly Dictionary<PublicKey, Sender> _senders = [];
    private readonly Dictionary<MessageId, Underway> _underway = [];
    private readonly Queue<PendingMessage> _stored = new();
    private ulong _nextArrival = nextArrival;
    private int _count;
    private long _bytes;

    /// <summary>Grows whenever senders leave with their last message: a nonce read from the store before that may be old.</summary>
    public int Generation { get; private set; }

    public IEnumerable<PendingMessage> Stored => _stored;

    public bool Knows(PublicKey sender) => _senders.ContainsKey(sender);

    public void Learn(PublicKey sender, ulong next) => _senders.TryAdd(sender, new Sender { Next = next });

    /// <summary>
    /// Decides over a message whose sender is known. One accepted is numbered, counted and on its way to the disk with
    /// <paramref name="group"/>; for one that is on its way already, the first try is given back.
    /// </summary>
    public Admission Admit(Message message, MessageId id, FlushGroup group)
    {
        var sender = _senders[message.Sender];
        if (message.Nonce < sender.Next)
        {
            return new Admission(SubmissionOutcome.Duplicate, 0, _underway.GetValueOrDefault(id));
        }

        if (message.Nonce > sender.Next)
        {
            return new Admission(SubmissionOutcome.WrongNonce, sender.Next, null);
        }

        var size = message.Encoding.Length;
        if (_count >= limits.PendingLimit || _bytes + size > limits.PendingBytesLimit || sender.Count >= limits.PendingSenderLimit)
        {
            return new Admission(SubmissionOutcome.PoolFull, 0, null);
        }

        var pending = new PendingMessage(id, message.ComputeHash(), message, _nextArrival++);
        _underway.Add(id, new Underway(pending, group));
        group.Messages.Add(pending);
        sender.Next++;
        sender.Count++;
        _count++;
        _bytes += size;
        return new Admission(SubmissionOutcome.Accepted, 0, null);
    }

    /// <summary>The group is on disk: its messages may go into a block.</summary>
    public void Settle(FlushGroup group)
    {
        foreach (var message in group.Messages)
        {
            _underway.Remove(message.Id);
            _stored.Enqueue(message);
        }
    }

    /// <summary>Takes in what was on disk before.</summary>
    public void Restore(PendingMessage message)
    {
        var sender = message.Message.Sender;
        Learn(sender, message.Message.Nonce);
        _senders[sender].Next = message.Message.Nonce + 1;
        _senders[sender].Count++;
        _count++;
        _bytes += message.Message.Encoding.Length;
        _stored.Enqueue(message);
    }

    /// <summary>Drops the oldest messages for which <paramref name="isPending"/> is false: they are in a block now.</summary>
    public void Prune(Func<MessageId, bool> isPending)
    {
        while (_stored.TryPeek(out var oldest) && !isPending(oldest.Id))
        {
            _stored.Dequeue();
            _count--;
            _bytes -= oldest.Message.Encoding.Length;
            var key = oldest.Message.Sender;
            if (--_senders[key].Count == 0)
            {
                _senders.Remove(key);
                Generation++;
            }
        }
    }

    /// <summary>Forgets a sender of whom nothing is pending.</summary>
    public void ForgetIdle(PublicKey sender)
    {
        if (_senders.TryGetValue(sender, out var known) && known.Count == 0)
        {
            _senders.Remove(sender);
        }
    }

    private sealed class Sender
    {
        public ulong Next { get; set; }

        public int Count { get; set; }
    }
}

/// <summary>A message on its way to the disk, and with whom.</summary>
internal sealed record Underway(PendingMessage Message, FlushGroup Group);

/// <summary>A decision; for a message that is on its way already, its first try.</summary>
internal readonly record struct Admission(SubmissionOutcome Outcome, ulong Expected, Underway? FirstTry);
