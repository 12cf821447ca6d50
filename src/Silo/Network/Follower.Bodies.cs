using Kimura.Libp2p.Identities;

namespace Kimura.Silo.Network;

/// <content>The messages of blocks that were stored without them.</content>
internal sealed partial class Follower
{
    // A node that had stored blocks without their messages, and wants them now: before anything else, because nonces depend on them.
    private async Task<bool> CompleteBodiesAsync(CancellationToken stop)
    {
        var avoided = new HashSet<PeerId>();
        while (network.WithBodies && chain.BodiesHeight is { } complete)
        {
            var first = complete + 1;
            if (peers.Choose(first, avoided) is not var (peer, height))
            {
                return false;
            }

            var fetched = await client.FetchAsync(peer, first, Math.Min(Math.Min(height, chain.Tip.Height), first + MaxBlocks - 1), true, true, stop);
            if (fetched.Blocks.IsEmpty)
            {
                avoided.Add(peer);
            }

            foreach (var block in fetched.Blocks)
            {
                var answer = await Grain.AcceptBodiesAsync(first, block.Messages);
                if (answer.Verdict.Verdict is not ("ok" or "duplicate"))
                {
                    instruments.Judged(answer.Verdict.Verdict, "bodies");
                    conduct.Blame(peer, $"messages of block {first} from it: {answer.Verdict.Verdict}");
                    avoided.Add(peer);
                    break;
                }

                first++;
            }

            _progress.Stored(fetched.Blocks, first - 1, chain.Tip.Height);
        }

        return true;
    }
}
