using Kimura.Cryptography;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Network.Hostile;

/// <summary>The leader's stolen key, used against a running leader and its peers.</summary>
public sealed class SecondBlockTests(LeaderAndTwoPeers nodes) : IClassFixture<LeaderAndTwoPeers>
{
    [Fact(Timeout = 180_000)]
    public async Task Second_block_by_a_stolen_key_is_evidence_everywhere_and_the_chain_goes_on()
    {
        await nodes.Leader.HeightAsync(4);
        await Task.WhenAll(nodes.Peers.Select(peer => peer.HeightAsync(4)));
        var stored = ChainReading.ReadBlock(await nodes.Leader.CallAsync("get_block", new { height = 3 }));
        using var stolen = KeyFile.Load(nodes.LeaderKeyFile);
        var second = OwnChain.Resign(stored, header => header with { Timestamp = header.Timestamp + 1 }, stolen, stored.Header.Producer);
        RpcClient[] all = [nodes.Leader, .. nodes.Peers];
        foreach (var (node, rpc) in nodes.Nodes.Zip(all))
        {
            await using var stranger = await Stranger.StartAsync();
            await stranger.MeetAsync(node);
            stranger.Publish(second.Encoding.ToArray());
            await Eventually.HoldsAsync(
                async () => (await rpc.CallAsync("get_status")).GetProperty("equivocations").GetInt32() == 1, "evidence");
            Assert.NotNull(await node.Errors.FindAsync(
                line => line.Contains($"Equivocation: the leader signed {second.Hash} at height 3", StringComparison.Ordinal), Limits.Step));
        }

        await nodes.Leader.HeightAsync(await nodes.Leader.HeightAsync() + 3);
        var chain = await SameChain.CheckAsync(nodes.Leader, nodes.Peers);
        Assert.Equal(stored.Hash, chain.Blocks[3].Hash);
    }
}
