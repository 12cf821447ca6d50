using System.Net;
using System.Text.Json;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>Requests, notifications and batches as JSON-RPC 2.0 says, its own examples among them.</summary>
[Collection(GatewayCollection.Name)]
public sealed class ProtocolTests(SharedNode shared)
{
    private const string Height = "\"jsonrpc\":\"2.0\",\"method\":\"get_height\"";

    [Theory]
    [InlineData("1")]
    [InlineData("0")]
    [InlineData("-7")]
    [InlineData("123456789012345678901234567890")]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("\"1\"")]
    [InlineData("\"a\\u0062\\n\\\"\\\\ \\ud83d\\ude00\"")]
    [InlineData("\"\u00e9\U0001F600\"")]
    public async Task The_id_is_echoed_as_it_was_written(string id)
    {
        var result = await shared.Node.PostAsync($$"""{{{Height}},"id":{{id}}}""");
        Assert.Contains($"\"id\":{id},\"result\":", result.Text, StringComparison.Ordinal);
        var error = await shared.Node.PostAsync($$"""{"jsonrpc":"2.0","method":"nothing","id":{{id}}}""");
        Assert.Contains($"\"id\":{id},\"error\":", error.Text, StringComparison.Ordinal);
        Assert.Equal(-32601, error.Code);
    }

    [Fact]
    public async Task Params_are_taken_by_name_and_by_position_alike()
    {
        string[] spellings =
        [
            "[0]", "[0,false]", "[0,null]", """{"height":0}""", """{"include_messages":null,"height":0}""", """{"he\u0069ght":0}""",
        ];
        foreach (var parameters in spellings)
        {
            var block = await shared.Node.ResultAsync("get_block", parameters);
            Assert.Equal(0UL, block.GetProperty("header").GetProperty("height").GetUInt64());
            Assert.False(block.TryGetProperty("messages", out _));
        }

        Assert.Equal(0, (await shared.Node.ResultAsync("get_block", "[0,true]")).GetProperty("messages").GetArrayLength());
        Assert.True((await shared.Node.PostAsync($$"""{{{Height}},"id":1}""")).Json.TryGetProperty("result", out _));
        Assert.True((await shared.Node.PostAsync($$"""{{{Height}},"id":1,"params":[]}""")).Json.TryGetProperty("result", out _));
    }

    [Fact]
    public async Task A_success_has_only_a_result_and_an_error_only_an_error()
    {
        var result = (await shared.Node.CallAsync("get_height")).Json;
        Assert.Equal(["jsonrpc", "id", "result"], result.EnumerateObject().Select(member => member.Name));
        var error = (await shared.Node.CallAsync("nothing")).Json;
        Assert.Equal(["jsonrpc", "id", "error"], error.EnumerateObject().Select(member => member.Name));
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"get_height"}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"update","params":[1,2,3,4,5]}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"foobar"}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"get_block","params":["x"]}""")]
    [InlineData("""[{"jsonrpc":"2.0","method":"notify_sum","params":[1,2,4]},{"jsonrpc":"2.0","method":"notify_hello","params":[7]}]""")]
    [InlineData("""[{"jsonrpc":"2.0","method":"submit_message","params":{}}]""")]
    public async Task Notifications_alone_are_not_answered(string body)
    {
        var reply = await shared.Node.PostAsync(body);
        Assert.Equal(HttpStatusCode.NoContent, reply.Status);
        Assert.Empty(reply.Text);
    }

    [Fact]
    public async Task A_notification_is_carried_out()
    {
        using var sender = new Sender();
        var reply = await shared.Node.PostAsync($$"""{"jsonrpc":"2.0","method":"submit_message","params":{{sender.Params(0, "quiet")}} }""");
        Assert.Equal(HttpStatusCode.NoContent, reply.Status);
        Assert.Equal("quiet", (await shared.Node.ResultAsync("get_message", sender.IdParams(0))).GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_batch_of_requests_notifications_and_faults_is_answered_in_order_without_the_notifications()
    {
        var reply = await shared.Node.PostAsync(
            """
            [
              {"jsonrpc": "2.0", "method": "get_height", "id": "1"},
              {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
              {"jsonrpc": "2.0", "method": "get_block", "params": [0], "id": "2"},
              {"foo": "boo"},
              {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
              {"jsonrpc": "2.0", "method": "get_status", "id": "9"},
              1
            ]
            """);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(
            ["1:0", "2:0", ":-32600", "5:-32601", "9:0", ":-32600"],
            reply.Json.EnumerateArray().Select(answer => $"{answer.GetProperty("id").GetString()}:{Reply.CodeOf(answer)}"));
    }

    [Fact]
    public async Task A_batch_of_three_wrong_values_has_three_errors()
    {
        var reply = await shared.Node.PostAsync("[1,2,3]");
        Assert.Equal([-32600, -32600, -32600], reply.Json.EnumerateArray().Select(Reply.CodeOf));
        Assert.All(reply.Json.EnumerateArray(), answer => Assert.Equal(JsonValueKind.Null, answer.GetProperty("id").ValueKind));
    }

    [Fact]
    public async Task An_invalid_request_keeps_its_id_where_it_has_one()
    {
        Assert.Equal(7, (await shared.Node.PostAsync("""{"jsonrpc":"1.0","id":7,"method":"a"}""")).Json.GetProperty("id").GetInt32());
        var without = await shared.Node.PostAsync("""{"jsonrpc":"2.0","id":{},"method":"a"}""");
        Assert.Equal(JsonValueKind.Null, without.Json.GetProperty("id").ValueKind);
    }

    [Fact]
    public async Task Calls_of_a_batch_see_what_those_before_them_did()
    {
        using var sender = new Sender();
        var reply = await shared.Node.PostAsync(
            $$"""
            [
              {"jsonrpc":"2.0","id":0,"method":"submit_message","params":{{sender.Params(0, "a")}} },
              {"jsonrpc":"2.0","id":1,"method":"submit_message","params":{{sender.Params(1, "b")}} },
              {"jsonrpc":"2.0","id":2,"method":"get_nonce","params":{{sender.KeyParams}} },
              {"jsonrpc":"2.0","id":3,"method":"submit_message","params":{{sender.Params(3, "d")}} },
              {"jsonrpc":"2.0","id":4,"method":"submit_message","params":{"content":1} },
              {"jsonrpc":"2.0","method":"submit_message","params":{{sender.Params(2, "c")}} },
              {"jsonrpc":"2.0","id":5,"method":"submit_messages","params":[[{{sender.Params(3, "d")}}]]},
              {"jsonrpc":"2.0","id":6,"method":"get_nonce","params":{{sender.KeyParams}} }
            ]
            """);
        var answers = reply.Json.EnumerateArray().ToArray();
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], answers.Select(answer => answer.GetProperty("id").GetInt32()));
        Assert.Equal([0, 0, 0, -32002, -32602, 0, 0], answers.Select(Reply.CodeOf));
        Assert.Equal(2, answers[2].GetProperty("result").GetProperty("nonce").GetInt32());
        Assert.Equal(2, answers[3].GetProperty("error").GetProperty("data").GetProperty("expected").GetInt32());
        Assert.Equal(sender.IdOf(3), answers[5].GetProperty("result")[0].GetProperty("message_id").GetString());
        Assert.Equal(4, answers[6].GetProperty("result").GetProperty("nonce").GetInt32());
    }
}
