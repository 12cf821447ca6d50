namespace Kimura.Grains.Network;

/// <summary>What the node's network says of itself; registered by the host where the node has one. Any thread may read.</summary>
public interface INetworkView
{
    /// <summary>Connected peers.</summary>
    int Peers { get; }

    /// <summary>The highest height that a peer has proven to have; 0 before any has.</summary>
    ulong TargetHeight { get; }

    /// <summary>True while blocks are known to be missing.</summary>
    bool IsSyncing { get; }
}
