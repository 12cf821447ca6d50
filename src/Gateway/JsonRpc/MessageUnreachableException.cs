namespace Kimura.Gateway.JsonRpc;

/// <summary>
/// In the middle of an answer the node turned out not to have a message, and not to be able to fetch it now: the answer is broken off,
/// because a shorter one would say that there is no more.
/// </summary>
internal sealed class MessageUnreachableException(string message) : Exception(message);
