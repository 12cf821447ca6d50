using System.Text.Json;
using Kimura.Gateway;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>Subscriptions: everything once, in order, from the height that was asked for; and what becomes of the slow.</summary>
public sealed class SubscriptionTests
{
    [Fact]
    public async Task Blocks_of_a_real_node_come_once_and_in_order_from_any_height()
    {
        await using var node = await RpcNode.StartAsync();
        await using var client = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        await client.SubscribeAsync("""{"topic":"blocks","from_height":0}""");
        var seen = new List<JsonElement>();
        while (seen.Count < 20)
        {
            seen.Add(await client.NextResultAsync());
        }

        var stored = await node.ResultAsync("get_blocks", "[0,19]");
        Assert.True(JsonElement.DeepEquals(stored, JsonSerializer.SerializeToElement(seen)), "what is told is what is stored");
        await using var late = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        var tip = (await late.ResultAsync("get_height")).GetProperty("height").GetUInt64();
        await late.SubscribeAsync("""["blocks"]""");
        var first = HeightOf(await late.NextResultAsync());
        Assert.True(first > tip, $"{first} is not after {tip}");
        Assert.Equal(first + 1, HeightOf(await late.NextResultAsync()));
    }

    [Fact]
    public async Task Messages_of_a_real_node_come_once_when_confirmed_and_of_the_asked_sender_alone()
    {
        await using var node = await RpcNode.StartAsync();
        await using var client = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        using var alice = new Sender();
        using var bob = new Sender();
        var all = await client.SubscribeAsync("""["messages",null,0]""");
        var alices = await client.SubscribeAsync($$"""["messages","{{alice.PublicKey}}",0]""");
        for (var nonce = 0UL; nonce < 5; nonce++)
        {
            await node.ResultAsync("submit_messages", $"[[{alice.Params(nonce, "a")},{bob.Params(nonce, "b")}]]");
        }

        var told = new List<JsonElement>();
        while (told.Count < 15)
        {
            told.Add(await client.NextAsync());
        }

        Assert.Equal([0, 1, 2, 3, 4], NoncesOf(told, alices, alice.PublicKey));
        Assert.Equal([0, 1, 2, 3, 4], NoncesOf(told, all, alice.PublicKey));
        Assert.Equal([0, 1, 2, 3, 4], NoncesOf(told, all, bob.PublicKey));
        foreach (var message in told.Select(one => one.GetProperty("result")))
        {
            var stored = await node.ResultAsync("get_message", $"[{message.GetProperty("message_id").GetRawText()}]");
            Assert.True(JsonElement.DeepEquals(stored, message), $"{message} is not {stored}");
        }
    }

    [Fact]
    public async Task Nothing_comes_after_unsubscribing_and_the_connection_goes_on()
    {
        await using var node = await RpcNode.StartAsync();
        await using var client = await SocketClient.ConnectAsync(node.Node.RpcAddress);
        var ended = await client.SubscribeAsync("""["blocks",null,0]""");
        await client.NextResultAsync();
        await client.ResultAsync("unsubscribe", $"[\"{ended}\"]");
        client.Forget();
        var other = await client.SubscribeAsync("""["blocks"]""");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(other, (await client.NextAsync()).GetProperty("subscription").GetString());
        }
    }

    [Fact]
    public async Task A_node_that_lacks_messages_refuses_to_tell_of_them()
    {
        await using var node = await FaultyNode.StartAsync(chain: new ScriptedChain());
        node.Script.Status = node.Script.Status with { LacksMessages = true };
        await using var client = await SocketClient.ConnectAsync(node.Http.BaseAddress!);
        Assert.Equal(-32007, Reply.CodeOf(await client.AskAsync("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":[\"messages\"]}")));
        await client.SubscribeAsync("[\"blocks\",null,0]");
        Assert.Equal(0ul, HeightOf(await client.NextResultAsync()));
    }

    [Fact]
    public async Task Large_blocks_and_their_messages_come_whole()
    {
        var chain = new ScriptedChain();
        chain.Grow(2, ScriptedMessages.Of(3000, "large "));
        await using var node = await FaultyNode.StartAsync(chain: chain);
        await using var client = await SocketClient.ConnectAsync(node.Http.BaseAddress!);
        await client.SubscribeAsync($$"""["messages","{{ScriptedMessages.SenderOf(2)}}",1]""");
        for (var i = 0; i < 6000; i++)
        {
            var message = await client.NextResultAsync();
            Assert.Equal(3000 + i, message.GetProperty("nonce").GetInt32());
            Assert.Equal((1 + (i / 3000), i % 3000), (message.GetProperty("height").GetInt32(), message.GetProperty("index").GetInt32()));
        }
    }

    [Fact]
    public async Task A_subscriber_that_falls_behind_is_told_where_to_go_on()
    {
        var chain = new ScriptedChain();
        await using var node = await FaultyNode.StartAsync(options: new GatewayOptions { MaxLag = 50 }, chain: chain);
        await using var client = await SocketClient.ConnectAsync(node.Http.BaseAddress!);
        var id = await client.SubscribeAsync("""["blocks"]""");
        chain.Grow(1, ScriptedMessages.Of(1, "x"));
        Assert.Equal(1UL, HeightOf(await client.NextResultAsync()));
        chain.Grow(51, ScriptedMessages.Of(1, "x"));

        var told = await client.NextAsync();
        Assert.Equal(id, told.GetProperty("subscription").GetString());
        Assert.Equal(-32005, told.GetProperty("error").GetProperty("code").GetInt32());
        var next = told.GetProperty("error").GetProperty("data").GetProperty("next_height").GetUInt64();
        Assert.Equal(2UL, next);
        await client.SubscribeAsync($"""["blocks",null,{next}]""");
        for (; next <= chain.Tip; next++)
        {
            Assert.Equal(next, HeightOf(await client.NextResultAsync()));
        }
    }

    [Fact]
    public async Task A_client_that_takes_nothing_is_cut_off_and_its_place_is_given_back()
    {
        var chain = new ScriptedChain();
        var options = new GatewayOptions { SlowClientTimeout = TimeSpan.FromMilliseconds(300), MaxSocketsPerClient = 1 };
        await using var node = await FaultyNode.StartAsync(options: options, chain: chain);
        await using var client = await SocketClient.ConnectAsync(node.Http.BaseAddress!);
        await client.SubscribeAsync("""["blocks",null,0]""");
        chain.Grow(200, ScriptedMessages.Of(1500, "much"));

        // The only socket of this client is in use until the server lets go of it.
        await using (await SocketClient.EventuallyConnectAsync(node.Http.BaseAddress!))
        {
            Assert.Equal(200UL, chain.Tip);
        }

        var next = 0UL;
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            for (; ; next++)
            {
                Assert.Equal(next, HeightOf(await client.NextResultAsync()));
            }
        });
        Assert.True(next < chain.Tip, "what was not taken was not sent");
    }

    [Fact]
    public async Task A_node_that_fails_ends_the_subscription_with_an_error_and_serves_the_next()
    {
        var chain = new ScriptedChain();
        await using var node = await FaultyNode.StartAsync(chain: chain);
        await using var client = await SocketClient.ConnectAsync(node.Http.BaseAddress!);
        await client.SubscribeAsync("""["blocks"]""");
        chain.Fault = new TimeoutException("a bad day");
        chain.Grow(1, ScriptedMessages.Of(1, "x"));
        Assert.Equal(-32007, (await client.NextAsync()).GetProperty("error").GetProperty("code").GetInt32());
        chain.Fault = null;
        await client.SubscribeAsync("""["blocks",null,1]""");
        Assert.Equal(1UL, HeightOf(await client.NextResultAsync()));
    }

    private static ulong HeightOf(JsonElement block) => block.GetProperty("header").GetProperty("height").GetUInt64();

    private static int[] NoncesOf(IEnumerable<JsonElement> told, string subscription, string sender) =>
    [
        .. told.Where(one => one.GetProperty("subscription").GetString() == subscription)
            .Select(one => one.GetProperty("result"))
            .Where(message => message.GetProperty("public_key").GetString() == sender)
            .Select(message => message.GetProperty("nonce").GetInt32()),
    ];
}
