using Kimura.Chain;
using Kimura.Chain.Messages;

namespace Kimura.Storage.Ledger;

/// <summary>A message in the pool: stamped, numbered by arrival, with its id and hash computed once.</summary>
public sealed class PendingMessage(MessageId id, MessageHash hash, Message message, ulong arrival)
{
    /// <summary>The message's id.</summary>
    public MessageId Id { get; } = id;

    /// <summary>The hash over all its bytes.</summary>
    public MessageHash Hash { get; } = hash;

    /// <summary>The message.</summary>
    public Message Message { get; } = message;

    /// <summary>Its place in the order of arrival.</summary>
    public ulong Arrival { get; } = arrival;
}
