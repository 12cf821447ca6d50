using System.Text.Json;
using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Running;
using Xunit;

namespace Kimura.Tests.Integration.Network;

/// <summary>A peer that stores blocks without their messages, and what becomes of it.</summary>
public sealed class BodiesTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 180_000)]
    public async Task Full_start_after_on_demand_fetches_what_is_lacking()
    {
        await using var leader = await NodeProcess.StartTestModeAsync(_folder.PathOf("leader"));
        using var rpc = leader.Client();
        using var sender = new Sender();
        SignedMessage[] messages = [.. sender.Sign(150, "first"), .. sender.Sign(150, "second")];
        await rpc.SubmitAsync(messages[..150]);
        await rpc.NothingPendingAsync();
        await rpc.SubmitAsync(messages[150..]);
        await rpc.NothingPendingAsync();
        await using (var lazy = await StartPeerAsync(leader, "on-demand"))
        {
            using var client = lazy.Client();
            await client.HeightAsync(await rpc.HeightAsync());
            await client.SyncedAsync();
            await client.CallAsync("get_message", new { message_id = messages[7].Id.ToString() });
            Assert.Equal(sender.NextNonce, await client.NonceAsync(sender));
            Stopped.Check(await lazy.EndAsync(Signals.Terminate));
        }

        await using var full = await StartPeerAsync(leader, "full");
        using var reader = full.Client();
        await reader.SyncedAsync();
        await leader.EndAsync(Signals.Kill);

        // The leader is gone: whatever is read now is its own.
        var chain = await WalkedChain.WalkAsync(reader);
        Assert.Equal(messages.Select(message => message.Id).ToHashSet(), [.. chain.Messages.Keys]);
    }

    [Fact(Timeout = 180_000)]
    public async Task Peer_that_lacks_a_message_itself_is_not_to_blame()
    {
        await using var leader = await NodeProcess.StartTestModeAsync(_folder.PathOf("leader"));
        using var rpc = leader.Client();
        using var sender = new Sender();
        var messages = sender.Sign(6, "fetched").ToArray();
        await rpc.SubmitAsync(messages);
        await rpc.NothingPendingAsync();
        await using var lazy = await StartPeerAsync(leader, "on-demand");
        await using var edge = await StartPeerAsync(lazy, "on-demand", "edge");
        using var client = edge.Client();
        await client.HeightAsync(await rpc.HeightAsync());

        // Its one neighbour has none of them. Once it asks the leader by itself, it has them, and knows what there is not.
        foreach (var message in messages)
        {
            Assert.True(await FindAsync(message.Id.ToString()) is { Error: { Code: -32007 } } or { Result.ValueKind: JsonValueKind.Object });
        }

        await Eventually.HoldsAsync(async () => await FindAsync(new string('0', 64)) is { Error: { Code: -32004 } }, "no such message");
        foreach (var message in messages)
        {
            await Eventually.HoldsAsync(async () => await FindAsync(message.Id.ToString()) is { Result.ValueKind: JsonValueKind.Object }, "a message found");
        }

        Assert.DoesNotContain(edge.Errors.Lines, line => line.Contains("is to blame", StringComparison.Ordinal));

        Task<RpcReply> FindAsync(string id) => client.SendAsync("get_message", new { message_id = id });
    }

    [Fact(Timeout = 180_000)]
    public async Task Full_peer_whose_one_neighbour_stores_no_messages_has_them_from_the_leader()
    {
        await using var leader = await NodeProcess.StartTestModeAsync(_folder.PathOf("leader"));
        using var rpc = leader.Client();
        using var sender = new Sender();
        SignedMessage[] messages = [.. sender.Sign(20, "fetched")];
        await rpc.SubmitAsync(messages);
        await rpc.NothingPendingAsync();
        await using var lazy = await StartPeerAsync(leader, "on-demand");
        await using var edge = await StartPeerAsync(lazy, "full", "edge");
        using var client = edge.Client();
        await client.HeightAsync(await rpc.HeightAsync());

        var chain = await WalkedChain.WalkAsync(client);
        Assert.Equal(messages.Select(message => message.Id).ToHashSet(), [.. chain.Messages.Keys]);
    }

    private Task<NodeProcess> StartPeerAsync(NodeProcess leader, string bodies, string folder = "peer") =>
        NodeProcess.StartPeerAsync(_folder.PathOf(folder), leader.NetworkAddress, "--bodies", bodies);
}
