using Orleans;

namespace Kimura.Interfaces;

/// <summary>
/// The leader: key 0, one in the cluster, only on silos started with the leader flag. Makes a block each interval by its own timer.
/// </summary>
[Alias("kimura.ILeaderGrain")]
public interface ILeaderGrain : IGrainWithIntegerKey
{
    /// <summary>Brings the leader up where it is not, and says how it is. Every leader-flagged silo calls it each interval.</summary>
    [Alias("KeepAlive")]
    Task<LeaderStatus> KeepAliveAsync();
}

/// <summary>The leader's epoch, the height it made last, and whether it waits (its clock is behind its own last block, or blocks of its key are missing here).</summary>
[GenerateSerializer, Immutable, Alias("kimura.LeaderStatus")]
public sealed record LeaderStatus([property: Id(0)] ulong Epoch, [property: Id(1)] ulong Height, [property: Id(2)] bool Waiting);
