using Kimura.Libp2p.Identities;
using Kimura.Silo.Network;

namespace Kimura.Silo.Repair;

/// <summary>The peers of a running node, by what they have proven to hold.</summary>
internal sealed class ConnectedPeers(PeerBook peers, SyncClient client, Conduct conduct) : IChainSource
{
    public SyncClient Client => client;

    public Task<PeerId?> ChooseAsync(ulong height, IReadOnlySet<PeerId> asked, CancellationToken cancellation) =>
        Task.FromResult(peers.Choose(height, asked) is var (peer, _) ? peer : default(PeerId?));

    public void Blame(PeerId peer, string why) => conduct.Blame(peer, why);
}
