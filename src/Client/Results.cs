using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;

namespace Kimura.Client;

/// <summary>Where a confirmed message is: the block's height and the index in it.</summary>
public sealed record MessagePlace(ulong Height, int Index);

/// <summary>A message that the node knows; <paramref name="Place"/> is null while it is pending.</summary>
public sealed record KnownMessage(Message Message, MessagePlace? Place);

/// <summary>An inclusion proof (RFC 6962): path from the leaf upwards, 32 bytes a step, and the header that it leads to.</summary>
public sealed record InclusionProof(MessageHash MessageHash, int Index, int Count, ReadOnlyMemory<byte> Path, BlockHeader Header);

/// <summary>How a node is, as far as a client needs it.</summary>
public sealed record NodeSummary(string? ChainId, ulong Height, PublicKey LeaderKey, bool IsLeader, bool IsSyncing, int Pending, string Version);
