using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Kimura.Gateway;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>JSON-RPC over WebSocket: the same answers as over HTTP, within limits of its own.</summary>
[Collection(GatewayCollection.Name)]
public sealed class SocketTests(SharedNode shared)
{
    private const string Height = """{"jsonrpc":"2.0","id":"h","method":"get_height"}""";

    [Fact]
    public async Task Calls_batches_and_mistakes_are_answered_as_over_http()
    {
        var node = shared.Node;
        await using var client = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        using var sender = new Sender();
        Assert.Equal("pending", (await client.ResultAsync("submit_message", sender.Params(0, "by socket"))).GetProperty("status").GetString());
        Assert.Equal("by socket", (await node.ConfirmedAsync(sender.IdOf(0))).GetProperty("content").GetString());
        var genesis = """{"jsonrpc":"2.0","id":"g","method":"get_block","params":[0]}""";
        foreach (var text in new[] { genesis, $"[{genesis},{genesis}]", "[]", "{", "", "[1]", """{"jsonrpc":"2.0","id":7,"method":"none"}""" })
        {
            Assert.Equal((await node.PostAsync(text)).Text, (await client.AskAsync(text)).GetRawText());
        }

        await client.SendAsync("""{"jsonrpc":"2.0","method":"get_height"}""");
        Assert.Equal("h", (await client.AskAsync(Height)).GetProperty("id").GetString());
        await client.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.Socket.CloseStatus);
    }

    [Fact]
    public async Task A_large_answer_comes_whole()
    {
        var chain = new ScriptedChain();
        chain.Grow(1, ScriptedMessages.Of(5000, "x"));
        await using var node = await FaultyNode.StartAsync(chain: chain);
        await using var client = await SocketClient.ConnectAsync(node.Http.BaseAddress!);
        await client.SubscribeAsync("""["blocks",null,1]""");
        Assert.Equal(5000, (await client.NextResultAsync()).GetProperty("message_ids").GetArrayLength());
        Assert.Equal(5000, (await client.ResultAsync("get_block", "[1]")).GetProperty("message_ids").GetArrayLength());
    }

    [Fact]
    public async Task Subscribing_needs_a_socket_and_an_answer_that_can_be_given()
    {
        Assert.Equal(-32601, (await shared.Node.CallAsync("subscribe", """["blocks"]""")).Code);
        Assert.Equal(-32601, (await shared.Node.CallAsync("unsubscribe", """["1"]""")).Code);
        await using var client = await SocketClient.ConnectAsync(shared.Node.Node.RpcAddress);
        await client.SendAsync("""{"jsonrpc":"2.0","method":"subscribe","params":["blocks"]}""");
        foreach (var (parameters, code) in new[]
        {
            ("""["nothing"]""", -32602), ("""["blocks",null,-1]""", -32602), ("[]", -32602), ("""["messages","00"]""", -32602),
            ($$"""["blocks","{{new string('0', 66)}}"]""", -32602),
        })
        {
            Assert.Equal(code, Reply.CodeOf(await client.AskAsync($$"""{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{{parameters}}}""")));
        }

        Assert.Equal(-32004, Reply.CodeOf(await client.AskAsync("""{"jsonrpc":"2.0","id":1,"method":"unsubscribe","params":["1"]}""")));
    }

    [Fact]
    public async Task What_is_no_websocket_is_told_so()
    {
        var reply = await shared.Node.GetAsync("/ws");
        Assert.Equal((HttpStatusCode.UpgradeRequired, -32600), (reply.Status, Reply.CodeOf(reply.Json)));
    }

    [Fact]
    public async Task A_page_of_an_origin_that_is_not_allowed_gets_no_socket()
    {
        await using var node = await RpcNode.StartAsync(configuration => configuration with { CorsOrigins = ["https://good.example"] });
        var refused = await Assert.ThrowsAsync<WebSocketException>(() =>
            SocketClient.ConnectAsync(node.Node.RpcAddress, options => options.SetRequestHeader("Origin", "https://bad.example")));
        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
        foreach (var origin in new[] { "https://good.example", node.Node.RpcAddress.GetLeftPart(UriPartial.Authority) })
        {
            await using var client = await SocketClient.ConnectAsync(
                node.Node.RpcAddress, options => options.SetRequestHeader("Origin", origin));
            Assert.Equal("h", (await client.AskAsync(Height)).GetProperty("id").GetString());
        }
    }

    [Fact]
    public async Task A_request_over_the_limit_is_told_the_limit_and_ends_the_connection()
    {
        await using var node = await RpcNode.StartAsync(configuration => configuration with { MaxRequestBytes = 2048 });
        await using var client = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        Assert.Equal("h", (await client.AskAsync(Height.PadRight(2048))).GetProperty("id").GetString());
        var refused = await client.AskAsync(Height.PadRight(2049));
        Assert.Equal(-32008, Reply.CodeOf(refused));
        Assert.Equal(2048, refused.GetProperty("error").GetProperty("data").GetProperty("limit").GetInt32());
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, await client.ClosedAsync());
    }

    [Fact]
    public async Task A_socket_shares_its_clients_allowance()
    {
        var clock = new FrozenClock();
        await using var node = await RpcNode.StartAsync(configuration => configuration with { RateLimit = 5 }, clock);
        await using var client = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        Assert.Equal(10, (await client.AskAsync($"[{string.Join(',', Enumerable.Repeat(Height, 10))}]")).GetArrayLength());
        var refused = await client.AskAsync(Height);
        Assert.Equal(("h", -32005), (refused.GetProperty("id").GetString(), Reply.CodeOf(refused)));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await node.CallAsync("get_height")).Status);
        Assert.Equal(-32008, Reply.CodeOf(await client.AskAsync($"[{string.Join(',', Enumerable.Repeat(Height, 11))}]")));
        clock.Advance(TimeSpan.FromMilliseconds(refused.GetProperty("error").GetProperty("data").GetProperty("retry_after_ms").GetInt32()));
        Assert.Equal(0, Reply.CodeOf(await client.AskAsync(Height)));
    }

    [Fact]
    public async Task Sockets_and_subscriptions_are_bounded_and_given_back()
    {
        var options = new GatewayOptions { MaxSocketsPerClient = 2, MaxSubscriptions = 3 };
        await using var node = await FaultyNode.StartAsync(options: options, chain: new ScriptedChain());
        var address = node.Http.BaseAddress!;
        var first = await SocketClient.ConnectAsync(address);
        await using var second = await SocketClient.ConnectAsync(address);
        Assert.Contains("429", (await Assert.ThrowsAsync<WebSocketException>(() => SocketClient.ConnectAsync(address))).Message, StringComparison.Ordinal);
        await first.DisposeAsync();
        await using var third = await SocketClient.EventuallyConnectAsync(address);
        var ids = new[] { await third.SubscribeAsync("""["blocks"]"""), await third.SubscribeAsync("""["blocks"]"""), await third.SubscribeAsync("""["messages"]""") };
        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal(-32008, Reply.CodeOf(await third.AskAsync("""{"jsonrpc":"2.0","id":1,"method":"subscribe","params":["blocks"]}""")));
        Assert.Equal(JsonValueKind.True, (await third.ResultAsync("unsubscribe", $"[\"{ids[1]}\"]")).ValueKind);
        await third.SubscribeAsync("""["blocks"]""");
    }

    [Fact]
    public async Task A_node_that_stops_says_goodbye()
    {
        var node = await RpcNode.StartAsync();
        await using var client = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        await client.SubscribeAsync("""["blocks",null,0]""");
        var closed = client.ClosedAsync();
        await node.DisposeAsync();
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, await closed);
    }
}
