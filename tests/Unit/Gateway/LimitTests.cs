using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>Limits of size and rate, against real nodes with small ones.</summary>
public sealed class LimitTests
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"get_height"}""";

    [Fact]
    public async Task A_body_over_the_limit_is_refused_with_413_and_the_limit()
    {
        await using var node = await RpcNode.StartAsync(configuration => configuration with { MaxRequestBytes = 2048 });
        Assert.Equal(0, (await node.PostAsync(Call.PadRight(2048))).Code);
        Assert.Equal(0, (await PostChunkedAsync(node, Call.PadRight(2048))).Code);
        Reply[] replies =
        [
            await node.PostAsync(Call.PadRight(2049)),
            await PostChunkedAsync(node, Call.PadRight(2049)),
            await PostChunkedAsync(node, new string('[', 3_000_000)),
        ];
        foreach (var reply in replies)
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.Status);
            Assert.Equal(-32008, reply.Code);
            Assert.Equal(2048, reply.Data.GetProperty("limit").GetInt32());
        }

        Assert.Equal(0, (await node.PostAsync(Call)).Code);
    }

    [Fact]
    public async Task A_batch_over_the_limit_of_calls_is_refused_whole()
    {
        await using var node = await RpcNode.StartAsync(configuration => configuration with { MaxBatchCalls = 3 });
        using var sender = new Sender();
        var submission = $$"""{"jsonrpc":"2.0","id":0,"method":"submit_message","params":{{sender.Params(0, "a")}} }""";
        Assert.Equal(3, (await node.PostAsync(Batch(Call, Call, Call))).Json.GetArrayLength());
        var reply = await node.PostAsync(Batch(submission, Call, Call, Call));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.Status);
        Assert.Equal(-32008, reply.Code);
        Assert.Equal(3, reply.Data.GetProperty("limit").GetInt32());
        Assert.Equal(-32004, (await node.CallAsync("get_message", sender.IdParams(0))).Code);
    }

    [Fact]
    public async Task Above_the_rate_requests_are_refused_with_429_all_or_nothing()
    {
        var clock = new FrozenClock();
        await using var node = await RpcNode.StartAsync(configuration => configuration with { RateLimit = 5 }, clock);
        using var sender = new Sender();
        var submission = $$"""{"jsonrpc":"2.0","id":0,"method":"submit_message","params":{{sender.Params(0, "a")}} }""";
        Assert.Equal(8, (await node.PostAsync(Batch([.. Enumerable.Repeat(Call, 8)]))).Json.GetArrayLength());
        var refused = await node.PostAsync(Batch(submission, Call, Call));
        AssertLimited(refused, 200);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, refused.Json.GetProperty("id").ValueKind);
        Assert.Equal(-32004, (await node.CallAsync("get_message", sender.IdParams(0))).Code);
        Assert.Equal(0, (await node.PostAsync(Call)).Code);
        var single = await node.PostAsync(Call);
        AssertLimited(single, 200);
        Assert.Equal(1, single.Json.GetProperty("id").GetInt32());
        AssertLimited(await node.PostAsync("{"), 200);
        AssertLimited(await node.PostAsync(Call.PadRight(100_000)), 200);
        AssertLimited(await node.GetAsync("/block/latest"), 200);
        foreach (var path in (string[])["/health/live", "/metrics", "/openrpc.json", "/"])
        {
            Assert.Equal(HttpStatusCode.OK, (await node.GetAsync(path)).Status);
        }

        clock.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(HttpStatusCode.OK, (await node.GetAsync("/block/latest")).Status);
        AssertLimited(await node.GetAsync("/block/latest"), 200);
    }

    [Fact]
    public async Task Many_messages_cost_one_for_every_hundred_and_more_than_a_burst_is_too_large()
    {
        var clock = new FrozenClock();
        await using var node = await RpcNode.StartAsync(configuration => configuration with { RateLimit = 5 }, clock);
        Assert.Equal(0, (await node.CallAsync("submit_messages", Messages(901))).Code);
        AssertLimited(await node.PostAsync(Call), 200);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, (await node.CallAsync("submit_messages", Messages(0))).Code);
        Assert.Equal(0, (await node.CallAsync("submit_messages", Messages(100))).Code);
        Assert.Equal(0, (await node.CallAsync("submit_messages", Messages(101))).Code);
        Assert.Equal(0, (await node.CallAsync("submit_messages", "{\"messages\":" + Messages(501)[1..^1] + "}")).Code);
        AssertLimited(await node.PostAsync(Call), 200);
        string[] tooMuch =
        [
            Batch([.. Enumerable.Repeat(Call, 11)]),
            Batch([.. Enumerable.Repeat("1", 11)]),
            $$"""{"jsonrpc":"2.0","id":1,"method":"submit_messages","params":{{Messages(1001)}} }""",
        ];
        foreach (var body in tooMuch)
        {
            var reply = await node.PostAsync(body);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.Status);
            Assert.Equal(-32008, reply.Code);
            Assert.Equal(10, reply.Data.GetProperty("limit").GetInt32());
        }
    }

    private static void AssertLimited(Reply reply, int longest)
    {
        Assert.Equal(HttpStatusCode.TooManyRequests, reply.Status);
        Assert.Equal(-32005, reply.Code);
        Assert.InRange(reply.Data.GetProperty("retry_after_ms").GetInt32(), 1, longest);
        Assert.Equal(TimeSpan.FromSeconds(1), reply.Headers.RetryAfter!.Delta);
    }

    private static string Batch(params string[] calls) => $"[{string.Join(',', calls)}]";

    private static string Messages(int count) => $"[[{string.Join(',', Enumerable.Repeat("0", count))}]]";

    private static Task<Reply> PostChunkedAsync(RpcNode node, string body)
    {
        var content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(body)));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = content };
        request.Headers.TransferEncodingChunked = true;
        return node.SendAsync(request);
    }
}
