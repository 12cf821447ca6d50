using System.Net;
using System.Text.Json;
using Kimura.Gateway.Health;
using Kimura.Interfaces;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>When a node says that it is ready.</summary>
[Collection(GatewayCollection.Name)]
public sealed class HealthTests(SharedNode shared)
{
    private const long Now = 1_800_000_000_000;

    /// <summary>Syncing, height, age of the newest block, and whether the node is ready; intervals are 5 s.</summary>
    public static TheoryData<bool, ulong, long, bool> Table => new()
    {
        { false, 1, 0, true },
        { false, 1, 5000, true },
        { false, 1, 17_000, true },
        { false, 1, 17_001, false },
        { false, 1, Now, false },
        { false, 1, -9000, true },
        { false, 0, Now, false },
        { true, 1, 0, false },
        { true, 1, 20_000, false },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_node_is_ready_when_synced_and_its_newest_block_is_young(bool syncing, ulong height, long age, bool ready)
    {
        var fault = Readiness.FindFault(Status(syncing, height, (ulong)(Now - age)), DateTimeOffset.FromUnixTimeMilliseconds(Now));
        Assert.Equal(ready, fault is null);
    }

    [Fact]
    public void The_largest_timestamp_is_no_trouble() =>
        Assert.Null(Readiness.FindFault(Status(syncing: false, 1, ulong.MaxValue), DateTimeOffset.FromUnixTimeMilliseconds(Now)));

    [Fact]
    public async Task A_node_that_makes_blocks_becomes_ready()
    {
        Assert.Equal(HttpStatusCode.OK, (await shared.Node.GetAsync("/health/live")).Status);
        while ((await shared.Node.ResultAsync("get_height")).GetProperty("height").GetInt32() == 0)
        {
            await Task.Yield();
        }

        var ready = await shared.Node.GetAsync("/health/ready");
        Assert.Equal("ready", ready.Json.GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.OK, ready.Status);
    }

    [Fact]
    public void A_node_without_room_on_its_disk_is_not_ready() => Assert.Equal(
        "the disk is full",
        Readiness.FindFault(Status(syncing: false, 1, (ulong)Now) with { Paused = "the disk is full" }, DateTimeOffset.FromUnixTimeMilliseconds(Now)));

    [Fact]
    public async Task A_node_that_is_not_ready_says_why()
    {
        await using var node = await FaultyNode.StartAsync();
        node.Script.Status = Status(syncing: true, 3, (ulong)Now);
        var ready = await node.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Status);
        Assert.Equal("not ready", ready.Json.GetProperty("status").GetString());
        Assert.Equal("syncing: 3 of 9", ready.Json.GetProperty("reason").GetString());
        Assert.Equal(9, ready.Json.GetProperty("target_height").GetInt32());
    }

    [Fact]
    public async Task A_leader_key_that_is_not_known_yet_is_null_in_the_status()
    {
        await using var node = await FaultyNode.StartAsync();
        node.Script.Status = Status(syncing: false, 0, 0) with { LeaderKey = default };
        var status = await node.PostAsync("""{"jsonrpc":"2.0","id":1,"method":"get_status"}""");
        Assert.Equal(JsonValueKind.Null, status.Json.GetProperty("result").GetProperty("leader_key").ValueKind);
        node.Script.Status = Status(syncing: false, 0, 0);
        status = await node.PostAsync("""{"jsonrpc":"2.0","id":1,"method":"get_status"}""");
        Assert.Equal(new string('0', 66), status.Json.GetProperty("result").GetProperty("leader_key").GetString());
    }

    internal static NodeStatus Status(bool syncing, ulong height, ulong timestamp) => new()
    {
        ChainId = "test-1",
        GenesisHash = new byte[32],
        Tip = new TipRecord(height, new byte[32]),
        TipTimestamp = timestamp,
        IsLeader = false,
        LeaderKey = new byte[33],
        IsSyncing = syncing,
        TargetHeight = 9,
        Peers = 0,
        Pending = 0,
        Equivocations = 0,
        Epoch = 0,
        Engine = "embedded",
        Version = "0",
        BlockIntervalMilliseconds = 5000,
    };
}
