using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Grains.Network;
using Kimura.Libp2p.Identities;
using Kimura.Storage.Ledger;

namespace Kimura.Silo.Network;

/// <summary>Fetches single messages that this node stored the place of, but not the body (<c>--bodies on-demand</c>).</summary>
internal sealed class BodySource(ChainStore chain, PeerBook peers, SyncClient client, Conduct conduct, BackgroundWork work) : IBodySource
{
    private const int MaxPeers = 4;

    public async ValueTask<ReadOnlyMemory<byte>?> FetchAsync(ulong height, int index, MessageId id)
    {
        if (await chain.GetBlockAsync(height) is not { } block)
        {
            return null;
        }

        var asked = new HashSet<PeerId>();
        while (asked.Count < MaxPeers && peers.Choose(height, asked) is var (peer, _))
        {
            asked.Add(peer);
            if (await client.FetchMessageAsync(peer, id, work.Stopping) is { } body)
            {
                if (Message.TryDecode(body, ChainParameters.ContentLimit, out var message) && message.ComputeHash() == block.MessageHashAt(index))
                {
                    return body;
                }

                conduct.Blame(peer, $"message {id} from it is not the one that block {height} lists");
            }
        }

        return null;
    }
}
