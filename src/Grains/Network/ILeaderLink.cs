using Kimura.Interfaces;

namespace Kimura.Grains.Network;

/// <summary>
/// The way to the proven leader (protocol section 6, submit), registered by the host of a node that does not lead and follows another.
/// Any thread may call.
/// </summary>
public interface ILeaderLink : ILeaderReads
{
    /// <summary>Hands messages to the leader and gives its durable answer, one result a message; null where it cannot be reached.</summary>
    Task<SubmissionResults?> SubmitAsync(SubmissionBatch batch);
}

/// <summary>What this node may not have yet of what was answered elsewhere; registered by the host of a node where others answer too. Any thread may call.</summary>
public interface ILeaderReads
{
    /// <summary>The next nonce for a sender (33 bytes) to use.</summary>
    Task<LeaderNonce> GetNonceAsync(ReadOnlyMemory<byte> publicKey);

    /// <summary>The message with an id (32 bytes). Nothing is believed of it: the caller checks id and signature.</summary>
    Task<LeaderMessage> GetMessageAsync(ReadOnlyMemory<byte> id);
}

/// <summary>A nonce, which says nothing where the leader could not be reached.</summary>
public readonly record struct LeaderNonce(bool IsReachable, ulong Nonce)
{
    /// <summary>The leader could not be reached.</summary>
    public static LeaderNonce Unreachable { get; }
}

/// <summary>A message encoding, null where the leader has none; it says nothing where the leader could not be reached.</summary>
public readonly record struct LeaderMessage(bool IsReachable, ReadOnlyMemory<byte>? Encoding)
{
    /// <summary>The leader could not be reached.</summary>
    public static LeaderMessage Unreachable { get; }
}
