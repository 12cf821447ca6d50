using System.Collections.Immutable;
using Orleans;

namespace Kimura.Interfaces;

/// <summary>
/// Concurrent reads from the silo's store: key 0, a stateless worker on every silo. Everything it answers is durable. Ids and hashes
/// are 32 bytes, public keys 33; null means not found. What the node must ask others for may be unreachable, and the answer says so.
/// </summary>
[Alias("kimura.IChainReader")]
public interface IChainReader : IGrainWithIntegerKey
{
    /// <summary>How the node is.</summary>
    [Alias("GetStatus")]
    Task<NodeStatus> GetStatusAsync();

    /// <summary>The tip's height and hash.</summary>
    [Alias("GetTip")]
    Task<TipRecord> GetTipAsync();

    /// <summary>The first tip above a height, or the tip there is when none came within a second: ask again.</summary>
    [Alias("WaitForTip")]
    Task<TipRecord> WaitForTipAsync(ulong above);

    /// <summary>The newest block.</summary>
    [Alias("GetLatestBlock")]
    Task<BlockRecord> GetLatestBlockAsync(bool withMessages);

    /// <summary>The block at a height.</summary>
    [Alias("GetBlock")]
    Task<BlockRecord?> GetBlockAsync(ulong height, bool withMessages);

    /// <summary>The block with a hash.</summary>
    [Alias("GetBlockByHash")]
    Task<BlockRecord?> GetBlockByHashAsync(ReadOnlyMemory<byte> hash, bool withMessages);

    /// <summary>Blocks of a range, both ends included, without messages; as far as there are any, and at most 1,000.</summary>
    [Alias("GetBlocks")]
    Task<ImmutableArray<BlockRecord>> GetBlocksAsync(ulong first, ulong last);

    /// <summary>A message, stored in a block or in the pool: the leader's, where this node does not lead.</summary>
    [Alias("GetMessage")]
    Task<MessageAnswer> GetMessageAsync(ReadOnlyMemory<byte> id);

    /// <summary>A sender's messages by nonce, at most 1,000.</summary>
    [Alias("GetMessages")]
    Task<MessagesAnswer> GetMessagesAsync(ReadOnlyMemory<byte> publicKey, ulong fromNonce, int count);

    /// <summary>The next nonce for a sender to use, stored pending messages counted in; the leader's answer, where this node does not lead.</summary>
    [Alias("GetNonce")]
    Task<NonceAnswer> GetNonceAsync(ReadOnlyMemory<byte> publicKey);

    /// <summary>The inclusion proof of a message.</summary>
    [Alias("GetProof")]
    Task<ProofRecord?> GetProofAsync(ReadOnlyMemory<byte> id);
}

/// <summary>Height and hash of a tip.</summary>
[GenerateSerializer, Immutable, Alias("kimura.TipRecord")]
public sealed record TipRecord([property: Id(0)] ulong Height, [property: Id(1)] ReadOnlyMemory<byte> Hash);

/// <summary>
/// A block encoding and, where asked for, its message encodings, one after the other (empty otherwise).
/// <paramref name="AreMessagesUnreachable"/>: they were asked for, are not all stored here and cannot be fetched now.
/// </summary>
[GenerateSerializer, Immutable, Alias("kimura.BlockRecord")]
public sealed record BlockRecord(
    [property: Id(0)] ReadOnlyMemory<byte> Encoding, [property: Id(1)] ReadOnlyMemory<byte> Messages, [property: Id(2)] bool AreMessagesUnreachable = false);

/// <summary>A message encoding with its id and, once confirmed, its height and index in the block.</summary>
[GenerateSerializer, Immutable, Alias("kimura.MessageRecord")]
public sealed record MessageRecord(
    [property: Id(0)] ReadOnlyMemory<byte> Id,
    [property: Id(1)] ReadOnlyMemory<byte> Encoding,
    [property: Id(2)] bool IsConfirmed,
    [property: Id(3)] ulong Height = 0,
    [property: Id(4)] int Index = 0);

/// <summary>A message, or null where there is none; <paramref name="IsUnreachable"/>: whoever would know cannot be reached.</summary>
[GenerateSerializer, Immutable, Alias("kimura.MessageAnswer")]
public sealed record MessageAnswer([property: Id(0)] MessageRecord? Record, [property: Id(1)] bool IsUnreachable = false);

/// <summary>A sender's messages; <paramref name="IsUnreachable"/>: there are more, but the next one cannot be fetched now.</summary>
[GenerateSerializer, Immutable, Alias("kimura.MessagesAnswer")]
public sealed record MessagesAnswer([property: Id(0)] ImmutableArray<MessageRecord> Records, [property: Id(1)] bool IsUnreachable = false);

/// <summary>A sender's next nonce, which says nothing where the leader cannot be reached.</summary>
[GenerateSerializer, Immutable, Alias("kimura.NonceAnswer")]
public sealed record NonceAnswer([property: Id(0)] ulong Nonce, [property: Id(1)] bool IsUnreachable = false);

/// <summary>
/// A message's inclusion proof: its message hash, its place, the count of the block, the path from the leaf upwards (32 bytes a step)
/// and the header (177 bytes). Only <paramref name="IsPending"/> says anything while the message is in no block.
/// </summary>
[GenerateSerializer, Immutable, Alias("kimura.ProofRecord")]
public sealed record ProofRecord(
    [property: Id(0)] bool IsPending,
    [property: Id(1)] ReadOnlyMemory<byte> MessageHash,
    [property: Id(2)] int Index,
    [property: Id(3)] int Count,
    [property: Id(4)] ReadOnlyMemory<byte> Path,
    [property: Id(5)] ReadOnlyMemory<byte> Header);

/// <summary>How a node is (protocol section 7, get_status). Times in milliseconds.</summary>
[GenerateSerializer, Immutable, Alias("kimura.NodeStatus")]
public sealed record NodeStatus
{
    /// <summary>The chain's id, or null.</summary>
    [Id(0)] public required string? ChainId { get; init; }

    /// <summary>Hash of block 0, 32 bytes.</summary>
    [Id(1)] public required ReadOnlyMemory<byte> GenesisHash { get; init; }

    /// <summary>The tip.</summary>
    [Id(2)] public required TipRecord Tip { get; init; }

    /// <summary>The tip's timestamp, milliseconds since the Unix epoch.</summary>
    [Id(3)] public required ulong TipTimestamp { get; init; }

    /// <summary>True for a leader, false for a peer.</summary>
    [Id(4)] public required bool IsLeader { get; init; }

    /// <summary>The key whose signature the next block needs, 33 bytes; empty while it is not known.</summary>
    [Id(5)] public required ReadOnlyMemory<byte> LeaderKey { get; init; }

    /// <summary>True while blocks are missing.</summary>
    [Id(6)] public required bool IsSyncing { get; init; }

    /// <summary>The height that the node is on its way to.</summary>
    [Id(7)] public required ulong TargetHeight { get; init; }

    /// <summary>Connected peers.</summary>
    [Id(8)] public required int Peers { get; init; }

    /// <summary>Messages stored and in no block yet.</summary>
    [Id(9)] public required int Pending { get; init; }

    /// <summary>Second blocks at one height, seen and refused.</summary>
    [Id(10)] public required int Equivocations { get; init; }

    /// <summary>The leader's epoch; 0 on a peer.</summary>
    [Id(11)] public required ulong Epoch { get; init; }

    /// <summary>The engine: <c>embedded</c> or <c>orleans</c>.</summary>
    [Id(12)] public required string Engine { get; init; }

    /// <summary>The node's version.</summary>
    [Id(13)] public required string Version { get; init; }

    /// <summary>Time between blocks.</summary>
    [Id(14)] public required int BlockIntervalMilliseconds { get; init; }

    /// <summary>True while messages of stored blocks are not all here: they are fetched when somebody asks, or will be.</summary>
    [Id(15)] public bool LacksMessages { get; init; }

    /// <summary>Why nothing is taken, made or stored for the time being (a disk without room); null where all is well.</summary>
    [Id(16)] public string? Paused { get; init; }

    /// <summary>The cluster that the silo is one of; null where it runs alone.</summary>
    [Id(17)] public ClusterStatus? Cluster { get; init; }
}

/// <summary>A cluster as one of its silos sees it.</summary>
[GenerateSerializer, Immutable, Alias("kimura.ClusterStatus")]
public sealed record ClusterStatus
{
    /// <summary>Names of the silos that run, in order.</summary>
    [Id(0)] public required ImmutableArray<string> Silos { get; init; }

    /// <summary>Name of the silo that took the leader's epoch last; null before anybody did.</summary>
    [Id(1)] public required string? Leader { get; init; }

    /// <summary>The leader's epoch by the cluster's log, as last heard.</summary>
    [Id(2)] public required ulong Epoch { get; init; }

    /// <summary>Blocks of the cluster's log that this silo lacks, by what it heard last.</summary>
    [Id(3)] public required ulong ReplicaLag { get; init; }

    /// <summary>False while the cluster's log does not answer: then nothing is taken.</summary>
    [Id(4)] public required bool IsLogReachable { get; init; }
}
