using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Network;

/// <summary>A leader and two peers: one chain, whoever is asked and whoever takes the messages.</summary>
public sealed class ThreeNodesTests(LeaderAndTwoPeers nodes) : IClassFixture<LeaderAndTwoPeers>, IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 180_000)]
    public async Task Thousand_messages_are_the_same_bytes_on_all_three()
    {
        RpcClient[] all = [nodes.Leader, .. nodes.Peers];
        Sender[] senders = [new(), new(), new()];
        await Task.WhenAll(nodes.Peers.Select(peer => peer.SyncedAsync()));
        await Task.WhenAll(all.Zip(senders, SubmitAsync));
        await nodes.Leader.NothingPendingAsync();

        var chain = await SameChain.CheckAsync(nodes.Leader, nodes.Peers);

        Assert.Equal([340ul, 340ul, 340ul], senders.Select(sender => chain.NextNonce(sender.PublicKey)));
        Assert.True(chain.Messages.Count >= 1_020);
        foreach (var peer in nodes.Peers)
        {
            foreach (var id in chain.Messages.Keys.Where((_, i) => i % 100 == 0))
            {
                var proof = await peer.CallAsync("get_proof", new { message_id = id.ToString() });
                Assert.Equal(chain.Messages[id].Height, proof.GetProperty("height").GetUInt64());
                ChainReading.Verify(proof, chain.Messages[id].Message, chain.Leader);
            }
        }

        Array.ForEach(senders, sender => sender.Dispose());
    }

    [Fact(Timeout = 180_000)]
    public async Task Who_submits_through_a_peer_reads_there_what_it_wrote_and_gets_the_leaders_refusals()
    {
        using var sender = new Sender();
        var peer = nodes.Peers[0];
        await peer.SyncedAsync();
        var first = sender.Sign("through a peer");
        await peer.SubmitAsync(first);
        Assert.Equal(1ul, await peer.NonceAsync(sender));
        var message = await peer.CallAsync("get_message", new { message_id = first.Id.ToString() });
        Assert.Equal(first.Content, message.GetProperty("content").GetString());

        var again = await nodes.Peers[1].SendAsync("submit_message", first.ToParameters());
        Assert.Equal(-32003, again.Error!.Code);
        Assert.True(again.Error.Data!.Value.GetProperty("same_content").GetBoolean());
        var ahead = await peer.SendAsync("submit_message", sender.SignAt(7, "too early").ToParameters());
        Assert.Equal(-32002, ahead.Error!.Code);
        Assert.Equal(1ul, ahead.Error.Data!.Value.GetProperty("expected").GetUInt64());
        var forged = await peer.SendAsync("submit_message", (sender.SignAt(1, "said") with { Content = "not said" }).ToParameters());
        Assert.Equal(-32001, forged.Error!.Code);
    }

    [Fact(Timeout = 180_000)]
    public async Task Client_verifies_a_message_against_a_peer()
    {
        using var sender = new Sender();
        var message = sender.Sign("to be verified");
        await nodes.Peers[1].SyncedAsync();
        await nodes.Peers[1].SubmitAsync(message);
        await Eventually.HoldsAsync(
            async () => (await nodes.Peers[0].SendAsync("get_proof", new { message_id = message.Id.ToString() })).Error is null, "a proof");

        var ending = await ChildProcess.RunAsync(
            "python3",
            [Repository.PathOf("kimura.py"), "--home", _folder.PathOf("home"), "--rpc", nodes.Peers[0].Address.ToString(), "message", "verify", message.Id.ToString()],
            Limits.Start);

        Assert.True(ending.Code == 0, ending.ToString());
        Assert.Contains(ending.Output, line => line.StartsWith($"verified: signed by {sender.PublicKey}, in block ", StringComparison.Ordinal));
    }

    private static async Task SubmitAsync(RpcClient node, Sender sender)
    {
        for (var i = 0; i < 10; i++)
        {
            await node.SubmitAsync(sender.Sign(34, "one of a thousand"));
        }
    }
}
