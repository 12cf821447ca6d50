using Orleans;

namespace Kimura.Interfaces;

/// <summary>
/// The pending pool: key 0, one in the cluster, on the leader's silo. Admits verified messages in the order of arrival and of each
/// sender's nonces, stores them before it answers, survives restarts.
/// </summary>
[Alias("kimura.IPendingPoolGrain")]
public interface IPendingPoolGrain : IGrainWithIntegerKey
{
    /// <summary>Admits messages, in order; completes when the accepted ones are on disk.</summary>
    [Alias("Admit")]
    Task<SubmissionResults> AdmitAsync(VerifiedBatch batch);

    /// <summary>
    /// The oldest stored messages that fit a block; they leave the pool by being in a committed block. Null where this activation's epoch is
    /// over: ask again. A pool on another silo than <paramref name="leaderSilo"/> ends after this.
    /// </summary>
    [Alias("Select")]
    Task<PendingSelection?> SelectAsync(string leaderSilo);
}

/// <summary>What a block may take: id ++ message hash, 64 bytes a message, oldest first, the latest of their timestamps, and the pool's silo.</summary>
[GenerateSerializer, Immutable, Alias("kimura.PendingSelection")]
public sealed record PendingSelection([property: Id(0)] ReadOnlyMemory<byte> Entries, [property: Id(1)] ulong LatestTimestamp, [property: Id(2)] string Silo);
