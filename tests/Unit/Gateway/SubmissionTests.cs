using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Kimura.Chain;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>What becomes of submissions, in the order of the checks (protocol section 7).</summary>
[Collection(GatewayCollection.Name)]
public sealed class SubmissionTests(SharedNode shared)
{
    private const string OffCurve = "02" + "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    [Fact]
    public async Task An_accepted_message_is_pending_and_then_in_a_block_with_every_field()
    {
        using var sender = new Sender();
        var accepted = await shared.Node.ResultAsync("submit_message", sender.Params(0, "hello"));
        Assert.Equal(sender.IdOf(0), accepted.GetProperty("message_id").GetString());
        Assert.Equal("pending", accepted.GetProperty("status").GetString());
        var message = await shared.Node.ConfirmedAsync(sender.IdOf(0));
        Assert.Equal(sender.PublicKey, message.GetProperty("public_key").GetString());
        Assert.Equal(sender.SignatureOf(0, "hello"), message.GetProperty("signature").GetString());
        Assert.Equal("hello", message.GetProperty("content").GetString());
        Assert.Equal("68656c6c6f", message.GetProperty("content_hex").GetString());
    }

    [Fact]
    public async Task The_checks_come_in_the_order_of_the_protocol()
    {
        using var sender = new Sender();
        await shared.Node.ResultAsync("submit_message", sender.Params(0, "first"));
        var huge = new string('x', ChainParameters.ContentLimit + 1);
        var wrong = new string('1', 128);
        (string Params, int Code)[] table =
        [
            // Each row has every fault of the rows below it.
            (With(sender.Params(0, huge, "00"), "sender", OffCurve), -32602),
            (With(sender.Params(0, huge, wrong), "sender", OffCurve), -32008),
            (With(sender.Params(0, "other", wrong), "sender", OffCurve), -32001),
            (sender.Params(0, "other", wrong), -32001),
            (sender.Params(0, "other"), -32003),
            (sender.Params(0, "first"), -32003),
            (sender.Params(2, "third"), -32002),
            (With(sender.Params(1, "second"), "sender", OffCurve), -32001),
            (With(sender.Params(1, "second"), "sender", sender.PublicKey.ToUpperInvariant()), 0),
        ];
        foreach (var (parameters, code) in table)
        {
            Assert.Equal(code, (await shared.Node.CallAsync("submit_message", parameters)).Code);
        }
    }

    [Fact]
    public async Task Refusals_say_what_the_client_needs_to_know()
    {
        using var sender = new Sender();
        await shared.Node.ResultAsync("submit_message", sender.Params(0, "a"));
        var same = (await shared.Node.CallAsync("submit_message", sender.Params(0, "a"))).Data;
        Assert.Equal(sender.IdOf(0), same.GetProperty("message_id").GetString());
        Assert.True(same.GetProperty("same_content").GetBoolean());
        Assert.False((await shared.Node.CallAsync("submit_message", sender.Params(0, "b"))).Data.GetProperty("same_content").GetBoolean());
        Assert.Equal(1, (await shared.Node.CallAsync("submit_message", sender.Params(9, "c"))).Data.GetProperty("expected").GetInt32());
        Assert.Equal(1, (await shared.Node.CallAsync("submit_message", sender.Params(ulong.MaxValue, "d"))).Data.GetProperty("expected").GetInt32());
        var large = await shared.Node.CallAsync("submit_message", sender.Params(1, new string('é', 32_769)));
        Assert.Equal(-32008, large.Code);
        Assert.Equal(65_536, large.Data.GetProperty("limit").GetInt32());
        var unsigned = await shared.Node.CallAsync("submit_message", sender.Params(1, "a", new string('0', 128)));
        Assert.False(unsigned.Json.GetProperty("error").TryGetProperty("data", out _));
    }

    [Fact]
    public async Task A_key_off_the_curve_and_a_signature_with_high_s_are_invalid_signatures()
    {
        using var sender = new Sender();
        var parameters = sender.Params(0, "a").Replace(sender.PublicKey, OffCurve, StringComparison.Ordinal);
        Assert.Equal(-32001, (await shared.Node.CallAsync("submit_message", parameters)).Code);
        var low = sender.SignatureOf(0, "a");
        var order = BigInteger.Parse("0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", NumberStyles.HexNumber);
        var s = BigInteger.Parse("0" + low[64..], NumberStyles.HexNumber);
        var high = low[..64] + (order - s).ToString("x64")[^64..];
        Assert.Equal(-32001, (await shared.Node.CallAsync("submit_message", sender.Params(0, "a", high))).Code);
        Assert.Equal(0, (await shared.Node.CallAsync("submit_message", sender.Params(0, "a", low))).Code);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t")]
    [InlineData("\\u0000\\u001f\\u007f", "\0\u001f\u007f")]
    [InlineData("\\u00e9\u00e9", "\u00e9\u00e9")]
    [InlineData("\\ud83d\\ude00\U0001F600", "\U0001F600\U0001F600")]
    [InlineData("\\uFEFF<script>&'+", "\uFEFF<script>&'+")]
    public async Task Content_is_the_utf8_text_of_the_json_string(string json, string text)
    {
        using var sender = new Sender();
        var signature = sender.SignatureOf(0, text).ToUpperInvariant();
        var parameters = $$"""["{{sender.PublicKey}}","{{json}}","0x{{signature}}","0x{{sender.PublicKey}}",0]""";
        await shared.Node.ResultAsync("submit_message", parameters);
        var message = await shared.Node.ResultAsync("get_message", sender.IdParams(0));
        Assert.Equal(text, message.GetProperty("content").GetString());
        Assert.Equal(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)), message.GetProperty("content_hex").GetString());
    }

    [Fact]
    public async Task The_largest_content_is_taken_written_plain_or_escaped()
    {
        using var sender = new Sender();
        var text = new string('x', ChainParameters.ContentLimit);
        await shared.Node.ResultAsync("submit_message", sender.Params(0, text));
        var escaped = sender.Params(1, text).Replace("x", "\\u0078", StringComparison.Ordinal);
        await shared.Node.ResultAsync("submit_message", escaped);
        Assert.Equal(text, (await shared.Node.ResultAsync("get_message", sender.IdParams(1))).GetProperty("content").GetString());
    }

    [Fact]
    public async Task In_submit_messages_a_wrong_one_spoils_itself_alone()
    {
        using var sender = new Sender();
        var results = await shared.Node.ResultAsync(
            "submit_messages",
            $$"""
            [[
              {{sender.Params(0, "a")}}, 1, null, [], "x", {}, {"content":1}, {{sender.Params(1, "b")}},
              {{sender.Params(2, "c", "00")}}, {{sender.Params(2, "c", new string('1', 128))}}, {{sender.Params(2, "c")}},
              {{With(sender.Params(3, "d"), "sender", OffCurve)}}, {{sender.Params(3, new string('x', 65_537))}}, {{sender.Params(3, "d")}},
              {{sender.Params(3, "d")}}, {{sender.Params(9, "j")}}, {{With(sender.Params(4, "e"), "more", "x")}}, {{sender.Params(4, "e")}}
            ]]
            """);
        Assert.Equal(
            [0, -32602, -32602, -32602, -32602, -32602, -32602, 0, -32602, -32001, 0, -32001, -32008, 0, 0, -32002, -32602, 0],
            results.EnumerateArray().Select(Reply.CodeOf));
        Assert.Equal("messages[1]", results[1].GetProperty("error").GetProperty("data").GetProperty("parameter").GetString());
        Assert.Equal("more", results[16].GetProperty("error").GetProperty("data").GetProperty("parameter").GetString());
        Assert.Equal(sender.IdOf(4), results[17].GetProperty("message_id").GetString());
        Assert.Equal(5, (await shared.Node.ResultAsync("get_nonce", sender.KeyParams)).GetProperty("nonce").GetInt32());
    }

    [Fact]
    public async Task No_messages_are_no_fault() =>
        Assert.Equal(0, (await shared.Node.ResultAsync("submit_messages", "[[]]")).GetArrayLength());

    [Fact]
    public async Task Ten_thousand_messages_are_one_call()
    {
        var wrong = $$"""{"content":"a","signature":"{{new string('1', 128)}}","public_key":"{{OffCurve}}","nonce":0}""";
        var results = await shared.Node.ResultAsync("submit_messages", $"[[{string.Join(',', Enumerable.Repeat(wrong, 10_000))}]]");
        Assert.Equal(10_000, results.GetArrayLength());
        Assert.All(results.EnumerateArray(), result => Assert.Equal(-32001, Reply.CodeOf(result)));
    }

    [Fact]
    public async Task A_full_pool_says_when_to_try_again()
    {
        await using var node = await RpcNode.StartAsync(
            configuration => configuration with { BlockInterval = TimeSpan.FromHours(1), PendingSenderLimit = 2 });
        using var sender = new Sender();
        var results = await node.ResultAsync("submit_messages", $"[[{sender.Params(0, "a")},{sender.Params(1, "b")},{sender.Params(2, "c")}]]");
        Assert.Equal([0, 0, -32006], results.EnumerateArray().Select(Reply.CodeOf));
        Assert.True(results[2].GetProperty("error").GetProperty("data").GetProperty("retry_after_ms").GetInt32() > 0);
    }

    [Fact]
    public async Task Without_a_leader_submissions_are_refused_and_reads_are_served()
    {
        using var leader = new Sender(2);
        await using var node = await RpcNode.StartAsync(configuration => configuration with
        {
            IsLeader = false,
            LeaderKeys = [(0, new PublicKey(Convert.FromHexString(leader.PublicKey)))],
        });
        using var sender = new Sender();
        Assert.Equal(-32007, (await node.CallAsync("submit_message", sender.Params(0, "a"))).Code);
        Assert.Equal(-32007, Reply.CodeOf((await node.ResultAsync("submit_messages", $"[[{sender.Params(0, "a")}]]"))[0]));
        Assert.Equal("peer", (await node.ResultAsync("get_status")).GetProperty("role").GetString());
        Assert.Equal(0, (await node.ResultAsync("get_height")).GetProperty("height").GetInt32());
    }

    private static string With(string parameters, string name, string value) =>
        $"{parameters[..^1]},\"{name}\":{JsonSerializer.Serialize(value)}}}";
}
