using Kimura.Libp2p.Identities;
using Kimura.Silo.Network;

namespace Kimura.Silo.Repair;

/// <summary>Peers to fetch true bytes from. Nothing is believed of what they send.</summary>
internal interface IChainSource
{
    /// <summary>How blocks and messages are asked for.</summary>
    SyncClient Client { get; }

    /// <summary>A peer that may have the block at a height and was not asked yet; null where there is none, or none came in time.</summary>
    Task<PeerId?> ChooseAsync(ulong height, IReadOnlySet<PeerId> asked, CancellationToken cancellation);

    /// <summary>What a peer sent is not what it said it is.</summary>
    void Blame(PeerId peer, string why);
}
