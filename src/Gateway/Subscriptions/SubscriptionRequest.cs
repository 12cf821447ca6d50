using Kimura.Chain;

namespace Kimura.Gateway.Subscriptions;

/// <summary>What a client wants to be told of: blocks or messages, of one sender or of all, from which height on.</summary>
internal sealed record SubscriptionRequest(bool IsForMessages, PublicKey? Sender, ulong FromHeight, bool StartsAtTip);
