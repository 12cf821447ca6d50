using System.Text.Json;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Serving;

/// <summary>Limits that the options set, through the whole node.</summary>
public sealed class LimitTests : IDisposable
{
    private const string NoBlocks = "3600000";

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    public async Task Full_pool_says_so_and_takes_more_after_a_block()
    {
        await using var node = await NodeProcess.StartAsync(_folder.PathOf("data"), "--block-interval-ms", "3000", "--pending-limit", "20");
        using var rpc = node.Client();
        using var sender = new Sender();
        using var other = new Sender();
        var results = (await rpc.CallAsync("submit_messages", new { messages = sender.Sign(25, "many").Select(message => message.ToParameters()) }))
            .EnumerateArray().ToList();

        Assert.Equal(20, results.Count(result => result.TryGetProperty("message_id", out _)));
        AssertFull(RpcError.Read(results[20].GetProperty("error")));
        Assert.All(results.Skip(21), result => Assert.Equal(-32002, RpcError.Read(result.GetProperty("error")).Code));
        var message = other.Sign("one more");
        AssertFull((await rpc.SendAsync("submit_message", message.ToParameters())).Error);

        await rpc.NothingPendingAsync();
        await rpc.SubmitAsync(message);
    }

    [Fact(Timeout = 120_000)]
    public async Task Full_share_of_one_sender_leaves_the_others_theirs()
    {
        await using var node = await NodeProcess.StartAsync(_folder.PathOf("data"), "--block-interval-ms", NoBlocks, "--pending-sender-limit", "3");
        using var rpc = node.Client();
        using var greedy = new Sender();
        using var modest = new Sender();
        await rpc.SubmitAsync(greedy.Sign(3, "mine"));

        AssertFull((await rpc.SendAsync("submit_message", greedy.Sign("and mine").ToParameters())).Error);
        await rpc.SubmitAsync(modest.Sign("mine"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Client_beyond_its_rate_is_told_when_to_come_back()
    {
        await using var node = await NodeProcess.StartAsync(_folder.PathOf("data"), "--block-interval-ms", NoBlocks, "--rate-limit", "5");
        using var rpc = node.Client();
        RpcReply refused;
        var granted = 0;
        for (refused = await rpc.SendAsync("get_height"); refused.Error is null; refused = await rpc.SendAsync("get_height"))
        {
            granted++;
        }

        Assert.InRange(granted, 10, 40);
        Assert.Equal((429, -32005), (refused.Status, refused.Error.Code));
        var wait = refused.Error.Data!.Value.GetProperty("retry_after_ms").GetInt32();
        Assert.InRange(wait, 1, 1000);
        await Eventually.HoldsAsync(async () => (await rpc.SendAsync("get_height")).Error is null, "another grant");

        var calls = Enumerable.Range(0, 11).Select(id => new { jsonrpc = "2.0", id, method = "get_height" });
        var (status, text) = await rpc.PostAsync(JsonSerializer.SerializeToUtf8Bytes(calls));
        Assert.Equal((413, true), (status, text.Contains("-32008", StringComparison.Ordinal)));
    }

    private static void AssertFull(RpcError? error)
    {
        Assert.Equal(-32006, error?.Code);
        Assert.InRange(error!.Data!.Value.GetProperty("retry_after_ms").GetInt32(), 1, 3_600_000);
    }
}
