using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Refusing;
using Kimura.Tests.Integration.Running;
using Xunit;

namespace Kimura.Tests.Integration.Backups;

/// <summary>Backups of running nodes, put back: the same bytes up to their height, and nodes that catch up from there.</summary>
public sealed class RestoreTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly BackupTool _tool;

    public RestoreTests() => _tool = new BackupTool(_folder.PathOf("backups"));

    private string Data => _folder.PathOf("leader");

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 300_000)]
    public async Task Three_heights_of_a_backup_made_under_load_answer_the_same_bytes_and_catch_up()
    {
        await using var leader = await NodeProcess.StartTestModeAsync(Data);
        using var rpc = leader.Client();
        using var load = new SteadyLoad(rpc);
        await rpc.HeightAsync(6);
        var (name, height) = await _tool.CreateAsync(Data);
        await rpc.HeightAsync(height + 10);
        await load.StopAsync();
        await rpc.NothingPendingAsync();
        var original = await WalkedChain.WalkAsync(rpc);
        Assert.Contains(original.Messages.Values, message => message.Height <= height);
        Assert.Equal([$"{name}: ok, its whole chain too"], await _tool.DoAsync("verify", Data, "--full", "--scratch", _folder.Root));

        foreach (var at in new[] { height / 3, height - 1, height })
        {
            var data = _folder.PathOf($"restored-{at}");
            var said = await _tool.DoAsync("restore", data, "--height", $"{at}");
            Assert.StartsWith($"restored {name} to height {at}, block {original.Blocks[(int)at].Hash}, into ", said[0]);
            await SameUpToAsync(original, data, at);
            await using var peer = await NodeProcess.StartPeerAsync(data, leader.NetworkAddress, "--leader-key", original.Leader.ToString());
            using var reader = peer.Client();
            await SameChain.CheckAsync(rpc, reader);
        }
    }

    [Fact(Timeout = 300_000)]
    public async Task Leader_restored_below_its_guard_fetches_its_blocks_back_before_it_makes_one()
    {
        await using var link = new LinkProxy();
        using var sender = new Sender();
        ulong backedUp;
        NodeProcess? peer = null;
        await using (var first = await NodeProcess.StartTestModeAsync(Data))
        {
            link.LeadTo(first);
            using var rpc = first.Client();
            await rpc.SubmitAsync(sender.Sign(10, "in the backup"));
            await rpc.NothingPendingAsync();
            (_, backedUp) = await _tool.CreateAsync(Data);
            peer = await NodeProcess.StartPeerAsync(_folder.PathOf("peer"), link.Address.WithPeer(first.NetworkAddress.Peer));
            Stopped.Check(await first.EndAsync(Signals.Terminate));
        }

        await using var follower = peer;
        using var reader = peer.Client();
        var signed = await SignMoreAsync(link, reader, sender.Sign(10, "after it"));
        Refusal.LineOf(await _tool.RunAsync("restore", Data), Refusal.DatabaseRefused);
        var said = await _tool.DoAsync("restore", Data, "--replace", "--height", $"{backedUp - 1}");
        Assert.Contains(said, line => line.StartsWith($"The key {Path.Combine(Data, "leader.key")} has signed blocks up to {signed}", StringComparison.Ordinal));
        var alone = await NodeProcess.RunAsync("--db-path", Data, "--rpc-port", "0");
        Assert.StartsWith($"the database ends at height {backedUp - 1}, but this key has signed block {signed}", Refusal.LineOf(alone, Refusal.DatabaseRefused));

        await using var again = await NodeProcess.StartTestModeAsync(Data, "--leader", "--leader-address", peer.NetworkAddress.ToString());
        link.LeadTo(again);
        using var restored = again.Client();
        await restored.HeightAsync(signed + 2);
        await reader.HeightAsync(signed + 2);
        var chain = await SameChain.CheckAsync(restored, reader);
        Assert.Equal(20, chain.Messages.Count);
        Assert.DoesNotContain(again.Errors.Lines, line => Enumerable.Range(1, (int)signed).Any(at => line.Contains($"Produced block {at} ", StringComparison.Ordinal)));
        Assert.Equal(0, (await reader.CallAsync("get_status")).GetProperty("equivocations").GetInt32());
    }

    [Fact(Timeout = 300_000)]
    public async Task A_stopped_peer_without_bodies_is_backed_up_restored_and_goes_on()
    {
        await using var leader = await NodeProcess.StartTestModeAsync(Data, "--chain-id", "backed-up");
        using var rpc = leader.Client();
        using var sender = new Sender(new Kimura.Chain.ChainParameters("backed-up"));
        await rpc.SubmitAsync(sender.Sign(20, "listed"));
        await rpc.NothingPendingAsync();
        var data = _folder.PathOf("peer");
        string[] options = ["--bodies", "on-demand", "--chain-id", "backed-up"];
        ulong reached;
        await using (var peer = await NodeProcess.StartPeerAsync(data, leader.NetworkAddress, options))
        {
            using var reader = peer.Client();
            await reader.HeightAsync(await rpc.HeightAsync());
            reached = await reader.HeightAsync();
            Stopped.Check(await peer.EndAsync(Signals.Terminate));
        }

        var (_, height) = await _tool.CreateAsync(data);
        Assert.True(height >= reached);
        var said = await _tool.DoAsync("restore", _folder.PathOf("again"), "--height", $"{height - 1}");
        var started = Assert.Single(said, line => line.StartsWith("Start a peer: ", StringComparison.Ordinal));
        Assert.Contains(" --chain-id backed-up --bodies on-demand --leader-key ", started, StringComparison.Ordinal);

        await using var restored = await NodeProcess.StartPeerAsync(_folder.PathOf("again"), leader.NetworkAddress, [.. options, .. LeaderKeyIn(started)]);
        using var answers = restored.Client();
        await answers.HeightAsync(await rpc.HeightAsync());
        for (var at = 0ul; at <= height; at++)
        {
            Assert.Equal((await rpc.CallAsync("get_block", new { height = at })).GetRawText(), (await answers.CallAsync("get_block", new { height = at })).GetRawText());
        }
    }

    // Ends the leader where the peer has all of its blocks, and gives the height. What only its guard knows it would rightly wait for.
    private async Task<ulong> SignMoreAsync(LinkProxy link, RpcClient reader, SignedMessage[] messages)
    {
        while (true)
        {
            await using var leader = await NodeProcess.StartAsync(Data, "--block-interval-ms", "1000");
            link.LeadTo(leader);
            using var rpc = leader.Client();
            if (messages.Length > 0)
            {
                await rpc.SubmitAsync(messages);
                messages = [];
            }

            await rpc.NothingPendingAsync();
            await reader.HeightAsync(await rpc.HeightAsync() + 1);
            await leader.EndAsync(Signals.Kill);
            var last = (await RawDatabase.ReadBlocksAsync(Data))[^1].Height;
            if (await reader.HeightAsync() == last)
            {
                return last;
            }
        }
    }

    private static string[] LeaderKeyIn(string line) => line.Split(' ').SkipWhile(word => word != "--leader-key").Take(2).ToArray();

    // The restored database alone: no network, and every block and message with the bytes that the leader answers.
    private static async Task SameUpToAsync(WalkedChain original, string data, ulong height)
    {
        await using var node = await NodeProcess.StartAsync(data, "--leader", "false", "--leader-key", original.Leader.ToString());
        using var rpc = node.Client();
        var restored = await WalkedChain.WalkAsync(rpc);
        Assert.Equal((int)height + 1, restored.Blocks.Count);
        Assert.All(restored.Blocks.Zip(original.Blocks), pair => Assert.True(pair.First.Encoding.Span.SequenceEqual(pair.Second.Encoding.Span)));
        Assert.Equal(original.Messages.Values.Count(message => message.Height <= height), restored.Messages.Count);
        Assert.All(restored.Messages, message => Assert.True(message.Value.Message.Encoding.Span.SequenceEqual(original.Messages[message.Key].Message.Encoding.Span)));
    }
}
