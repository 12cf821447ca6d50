using Kimura.Storage.Log;

namespace Kimura.Grains.Cluster;

/// <summary>Who this silo is, for those who look for the leader; registered by the host of a silo in a cluster. Any thread may call.</summary>
public interface ILeaderHost
{
    /// <summary>The silo's name, and where outside nodes reach it: empty until it listens.</summary>
    LeaderPlace Place { get; }
}
