using Kimura.Libp2p.Addressing;

namespace Kimura.Silo.Network;

/// <summary>How a node takes part in the network.</summary>
internal sealed record NetworkOptions
{
    /// <summary>Where it listens.</summary>
    public required Multiaddress Listen { get; init; }

    /// <summary>The nodes that it keeps connected to.</summary>
    public required IReadOnlyList<Multiaddress> Peers { get; init; }

    /// <summary>Whether messages are fetched with their blocks, or when somebody asks.</summary>
    public bool WithBodies { get; init; } = true;
}
