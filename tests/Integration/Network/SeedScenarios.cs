using System.Diagnostics;
using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Running;
using Xunit;

namespace Kimura.Tests.Integration.Network;

/// <summary>A leader and two peers in test mode, shared by the scenarios that only read and submit.</summary>
public sealed class LeaderAndTwoPeers : IAsyncLifetime
{
    private readonly TempDirectory _folder = new();
    private NodeProcess _leader = null!;
    private NodeProcess[] _peers = [];

    internal RpcClient Leader { get; private set; } = null!;

    internal string LeaderKeyFile => _folder.PathOf("leader", "leader.key");

    internal IReadOnlyList<NodeProcess> Nodes => [_leader, .. _peers];

    internal RpcClient[] Peers { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        _leader = await NodeProcess.StartTestModeAsync(_folder.PathOf("leader"));
        _peers = await Task.WhenAll(
            NodeProcess.StartPeerAsync(_folder.PathOf("peer-1"), _leader.NetworkAddress),
            NodeProcess.StartPeerAsync(_folder.PathOf("peer-2"), _leader.NetworkAddress));
        Leader = _leader.Client();
        Peers = [.. _peers.Select(peer => peer.Client())];
    }

    public async ValueTask DisposeAsync()
    {
        Array.ForEach(Peers, peer => peer.Dispose());
        Leader?.Dispose();
        foreach (var node in _peers.Append(_leader).Where(node => node is not null))
        {
            await node.DisposeAsync();
        }

        _folder.Dispose();
    }
}

/// <summary>The scenarios of the seed document (002, tasks 7.2 and 7.3), by their names.</summary>
[Collection(nameof(Alone))]
public sealed class SeedScenarios(LeaderAndTwoPeers nodes, ITestOutputHelper output) : IClassFixture<LeaderAndTwoPeers>, IDisposable
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly TempDirectory _folder = new();

    private string LeaderData => _folder.PathOf("leader");

    private string PeerData => _folder.PathOf("peer");

    public void Dispose()
    {
        output.WriteLine($"{Stopwatch.GetElapsedTime(_started).TotalSeconds:F1} s");
        _folder.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task test_leader_restart_continuity()
    {
        ulong stoppedAt;
        await using (var leader = await NodeProcess.StartTestModeAsync(LeaderData))
        {
            using var rpc = leader.Client();
            await rpc.HeightAsync(10);
            stoppedAt = await rpc.HeightAsync();
            Stopped.Check(await leader.EndAsync(Signals.Interrupt));
        }

        await using var again = await NodeProcess.StartTestModeAsync(LeaderData);
        using var client = again.Client();
        Assert.True(await again.LoggedNumberAsync("Leader resuming from height") > stoppedAt);
        await client.HeightAsync(stoppedAt + 5);
        await WalkedChain.WalkAsync(client);
    }

    [Fact(Timeout = 120_000)]
    public async Task test_peer_restart_replay()
    {
        await using var leader = await NodeProcess.StartTestModeAsync(LeaderData);
        using var rpc = leader.Client();
        using var sender = new Sender();
        string[] options = ["--bodies", "on-demand"];
        var messages = sender.Sign(50, "fetched when asked for");
        await using (var peer = await NodeProcess.StartPeerAsync(PeerData, leader.NetworkAddress, options))
        {
            using var reader = peer.Client();
            await reader.SyncedAsync();
            await reader.SubmitAsync(messages);
            await reader.HeightAsync(20);
            Stopped.Check(await peer.EndAsync(Signals.Interrupt));
        }

        await using var again = await NodeProcess.StartPeerAsync(PeerData, leader.NetworkAddress, options);
        using var client = again.Client();
        Assert.True(await again.LoggedNumberAsync("Chain integrity verified:") > 20);
        await client.SyncedAsync();
        var fetched = await client.CallAsync("get_message", new { message_id = messages[^1].Id.ToString() });
        Assert.Equal(messages[^1].Content, fetched.GetProperty("content").GetString());
        Assert.Equal(50, (await SameChain.CheckAsync(rpc, client)).Messages.Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task test_crash_recovery_no_data_loss()
    {
        using var sender = new Sender();
        var answered = new List<SignedMessage>();
        string seen;
        ulong height;
        await using (var leader = await NodeProcess.StartTestModeAsync(LeaderData))
        {
            using var rpc = leader.Client();
            while (await rpc.HeightAsync() < 5)
            {
                var batch = sender.Sign(20, "answered");
                await rpc.SubmitAsync(batch);
                answered.AddRange(batch);
            }

            var tip = await rpc.CallAsync("get_height");
            (height, seen) = (tip.GetProperty("height").GetUInt64(), tip.GetProperty("hash").GetString()!);
            await leader.EndAsync(Signals.Kill);
        }

        await using var again = await NodeProcess.StartTestModeAsync(LeaderData, "--verify", "full");
        using var client = again.Client();
        Assert.Equal(seen, (await client.CallAsync("get_block", new { height })).GetProperty("hash").GetString());
        await client.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(client);
        Assert.Equal(answered.Select(message => message.Id).ToHashSet(), [.. chain.Messages.Keys]);
    }

    [Fact(Timeout = 120_000)]
    public async Task test_leader_produces_blocks_rpc()
    {
        var from = await nodes.Leader.HeightAsync();
        await nodes.Leader.HeightAsync(from + 3);
        Assert.Equal("leader", (await nodes.Leader.CallAsync("get_status")).GetProperty("role").GetString());
    }

    [Fact(Timeout = 120_000)]
    public async Task test_peer_receives_blocks_rpc()
    {
        var from = await nodes.Peers[0].HeightAsync();
        await nodes.Peers[0].HeightAsync(from + 3);
        var status = await nodes.Peers[0].CallAsync("get_status");
        Assert.Equal("peer", status.GetProperty("role").GetString());
        Assert.Equal((await nodes.Leader.CallAsync("get_status")).GetProperty("leader_key").GetString(), status.GetProperty("leader_key").GetString());
    }

    [Fact(Timeout = 120_000)]
    public async Task test_multi_peer_sync_rpc() => await SameChain.CheckAsync(nodes.Leader, nodes.Peers);

    [Fact(Timeout = 120_000)]
    public async Task test_message_inclusion_rpc()
    {
        using var sender = new Sender();
        var message = sender.Sign("included everywhere");
        await nodes.Leader.SubmitAsync(message);
        foreach (var node in nodes.Peers.Append(nodes.Leader))
        {
            var answer = await Eventually.ValueAsync(() => FindConfirmedAsync(node, message), "a confirmed message");
            Assert.Equal(message.Content, answer.GetProperty("content").GetString());
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task test_chain_continuity_rpc()
    {
        foreach (var node in nodes.Peers.Append(nodes.Leader))
        {
            await node.HeightAsync(3);

            // Each link and each signature is checked on the way.
            Assert.True((await WalkedChain.WalkAsync(node)).Blocks.Count > 3);
        }
    }

    private static async Task<Found?> FindConfirmedAsync(RpcClient node, SignedMessage message)
    {
        var reply = await node.SendAsync("get_message", new { message_id = message.Id.ToString() });
        return reply.Result is { } found && found.GetProperty("status").GetString() == "confirmed" ? new Found(found) : null;
    }

    private sealed record Found(System.Text.Json.JsonElement Json)
    {
        public System.Text.Json.JsonElement GetProperty(string name) => Json.GetProperty(name);
    }
}
