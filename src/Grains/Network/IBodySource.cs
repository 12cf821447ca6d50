using Kimura.Chain;

namespace Kimura.Grains.Network;

/// <summary>Fetches messages that a node with <c>bodies = on-demand</c> did not; registered by the host of such a node. Any thread may call.</summary>
public interface IBodySource
{
    /// <summary>
    /// The encoding of the message that a block lists at an index, or null where nobody who has it can be reached. Nothing is believed
    /// of it: the caller checks it against its message hash.
    /// </summary>
    ValueTask<ReadOnlyMemory<byte>?> FetchAsync(ulong height, int index, MessageId id);
}
