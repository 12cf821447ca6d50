using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>What is refused, and with which code: tables of bodies against a real node.</summary>
[Collection(GatewayCollection.Name)]
public sealed class RefusalTests(SharedNode shared)
{
    private const string Key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    private const string Id = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    private static readonly string Signature = new('1', 128);

    public static TheoryData<string> NotJson =>
    [
        "", " ", "{", "}", "[", "]", "[[", "nul", "NULL", "tru", "'a'", "{a:1}", "{'a':1}", "{\"a\":1,}", "[1,]", "[,1]", "{\"a\"}",
        "{\"a\":}", "{,}",
        "01", "-", "1.", ".5", "+1", "1e", "0x10", "NaN", "Infinity", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",
        "\"	\"", "\"\0\"",
        "// note\n{}", "/* note */{}", "{} x", "{}{}", "[] []", "{\"jsonrpc\":\"2.0\"", "{\"a\":1 \"b\":2}", "[1 2]",
        "undefined", "\uFEFF{}", "#", "\\", "\\u0041",
        """{"jsonrpc":"2.0","id":1,"id":1,"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":1,"method":"get_height","\u0069d":2}""",
        """{"jsonrpc":"2.0","id":1,"method":"get_height","params":{"a":1,"a":1}}""",
        """[{"jsonrpc":"2.0","id":1,"method":"get_height"},{"a":{"b":1,"b":2}}]""",
        """{"jsonrpc":"2.0","id":"\ud800","method":"get_height"}""",
        """{"jsonrpc":"2.0","id":"\udc00","method":"get_height"}""",
        """{"jsonrpc":"2.0","id":"\udc00\ud800","method":"get_height"}""",
        """{"jsonrpc":"2.0","id":"\ud800\u0041","method":"get_height"}""",
        """{"jsonrpc":"2.0","id":"\ud800\\udc00","method":"get_height"}""",
        """{"jsonrpc":"2.0","id":"\uD800\uD800\uDC00","method":"get_height"}""",
        """{"jsonrpc":"2.0","id":1,"method":"get_height","\udfff":1}""",
        """{"jsonrpc":"2.0","id":1,"method":"\ud83d"}""",
        """{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]""",
        """[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]""",
        Nested('[', ']', 33), Nested('[', ']', 10_000), new string('[', 100_000),
    ];

    public static TheoryData<string> NoRequest =>
    [
        "1", "-1.5e3", "\"get_height\"", "true", "null", "{}", "[]", "[1]", "[[]]", "[null]", "[{}]", Nested('[', ']', 32),
        """{"id":1,"method":"get_height"}""",
        """{"jsonrpc":"1.0","id":1,"method":"get_height"}""",
        """{"jsonrpc":2.0,"id":1,"method":"get_height"}""",
        """{"jsonrpc":"2.00","id":1,"method":"get_height"}""",
        """{"jsonrpc":null,"id":1,"method":"get_height"}""",
        """{"JSONRPC":"2.0","id":1,"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":1}""",
        """{"jsonrpc":"2.0","id":1,"method":1}""",
        """{"jsonrpc":"2.0","id":1,"method":null}""",
        """{"jsonrpc":"2.0","id":1,"method":["get_height"]}""",
        """{"jsonrpc":"2.0","id":1,"Method":"get_height"}""",
        """{"jsonrpc":"2.0","id":1.5,"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":1.0,"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":1e3,"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":1E3,"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":true,"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":{},"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":[1],"method":"get_height"}""",
        """{"jsonrpc":"2.0","id":1,"method":"get_height","params":1}""",
        """{"jsonrpc":"2.0","id":1,"method":"get_height","params":"bar"}""",
        """{"jsonrpc":"2.0","id":1,"method":"get_height","params":null}""",
        """{"jsonrpc":"2.0","id":1,"method":"get_height","params":true}""",
        """{"jsonrpc":"2.0","method":1,"params":"bar"}""",
        """{"jsonrpc":"2.0","id":1,"result":5}""",
    ];

    /// <summary>Method, params, and the parameter that the answer must name.</summary>
    public static TheoryData<string, string, string> WrongParams => new()
    {
        { "get_height", "[1]", "[0]" },
        { "get_height", """{"x":1}""", "x" },
        { "get_status", "[null]", "[0]" },
        { "get_block", "{}", "height" },
        { "get_block", "[]", "height" },
        { "get_block", "[null]", "height" },
        { "get_block", "[1,true,3]", "[2]" },
        { "get_block", """{"height":1,"messages":true}""", "messages" },
        { "get_block", """{"Height":1}""", "Height" },
        { "get_block", "[-1]", "height" },
        { "get_block", "[1.0]", "height" },
        { "get_block", "[1e3]", "height" },
        { "get_block", "[-0]", "height" },
        { "get_block", "[18446744073709551616]", "height" },
        { "get_block", "[99999999999999999999999999999999]", "height" },
        { "get_block", "[\"1\"]", "height" },
        { "get_block", "[\"Latest\"]", "height" },
        { "get_block", "[\"\"]", "height" },
        { "get_block", "[true]", "height" },
        { "get_block", "[{}]", "height" },
        { "get_block", "[[]]", "height" },
        { "get_block", $"[\"{Id}0\"]", "height" },
        { "get_block", $"[\"{Id[..^1]}g\"]", "height" },
        { "get_block", "[0,1]", "include_messages" },
        { "get_block", "[0,\"true\"]", "include_messages" },
        { "get_blocks", "[0]", "to" },
        { "get_blocks", "[null,0]", "from" },
        { "get_blocks", "[1,0]", "from" },
        { "get_blocks", "[0,1000]", "to" },
        { "get_blocks", "[0,18446744073709551615]", "to" },
        { "get_blocks", "[\"0\",1]", "from" },
        { "get_blocks", "[0,1.5]", "to" },
        { "get_message", "{}", "message_id" },
        { "get_message", "[\"\"]", "message_id" },
        { "get_message", "[\"00\"]", "message_id" },
        { "get_message", $"[\"0x\"]", "message_id" },
        { "get_message", $"[\"0x{Id}0\"]", "message_id" },
        { "get_message", $"[\"0X{Id}\"]", "message_id" },
        { "get_message", $"[\" {Id}\"]", "message_id" },
        { "get_message", $"[\"{Id[..^1]}G\"]", "message_id" },
        { "get_message", $"[\"{Id[..^1]}\\u0000\"]", "message_id" },
        { "get_message", $"[\"{Id[..^2]}\u00e9\"]", "message_id" },
        { "get_message", "[1]", "message_id" },
        { "get_message", $"[[\"{Id}\"]]", "message_id" },
        { "get_message", $"[\"{Id}\",1]", "[1]" },
        { "get_messages", "{}", "public_key" },
        { "get_messages", $"[\"{Id}\"]", "public_key" },
        { "get_messages", $"[\"{Key}\",-1]", "from_nonce" },
        { "get_messages", $"[\"{Key}\",0,0]", "count" },
        { "get_messages", $"[\"{Key}\",0,1001]", "count" },
        { "get_messages", $"[\"{Key}\",0,1.0]", "count" },
        { "get_nonce", $"[\"{Key[..^2]}\"]", "public_key" },
        { "get_nonce", $$"""{"sender":"{{Key}}"}""", "sender" },
        { "get_proof", "[null]", "message_id" },
        { "get_proof", "[\"xyz\"]", "message_id" },
        { "rpc.discover", "[1]", "[0]" },
        { "submit_messages", "{}", "messages" },
        { "submit_messages", "[{}]", "messages" },
        { "submit_messages", "[\"\"]", "messages" },
        { "submit_messages", "[[],[]]", "[1]" },
        { "submit_messages", "[[" + string.Join(',', Enumerable.Repeat("0", 10_001)) + "]]", "messages" },
    };

    /// <summary>The same for a submission.</summary>
    public static TheoryData<string, string, string> WrongSubmissions => new()
    {
        { "submit_message", "{}", "content" },
        { "submit_message", "[]", "content" },
        { "submit_message", Submission(content: "1"), "content" },
        { "submit_message", Submission(content: "null"), "content" },
        { "submit_message", Submission(content: "[\"a\"]"), "content" },
        { "submit_message", Submission(signature: "\"\""), "signature" },
        { "submit_message", Submission(signature: $"\"{Signature}00\""), "signature" },
        { "submit_message", Submission(signature: $"\"{Signature[..^1]}\""), "signature" },
        { "submit_message", Submission(signature: $"\"{Signature[..^1]}x\""), "signature" },
        { "submit_message", Submission(signature: "1"), "signature" },
        { "submit_message", Submission(key: $"\"{Key}00\""), "public_key" },
        { "submit_message", Submission(key: $"\"0x{Key[2..]}\""), "public_key" },
        { "submit_message", Submission(key: "null"), "public_key" },
        { "submit_message", Submission(nonce: "-1"), "nonce" },
        { "submit_message", Submission(nonce: "1.0"), "nonce" },
        { "submit_message", Submission(nonce: "1e0"), "nonce" },
        { "submit_message", Submission(nonce: "\"0\""), "nonce" },
        { "submit_message", Submission(nonce: "18446744073709551616"), "nonce" },
        { "submit_message", Submission(nonce: "null"), "nonce" },
        { "submit_message", Submission(more: ",\"sender\":\"00\""), "sender" },
        { "submit_message", Submission(more: ",\"sender\":1"), "sender" },
        { "submit_message", Submission(more: ",\"timestamp\":1"), "timestamp" },
        { "submit_message", $"[null,\"a\",\"{Signature}\",\"{Key}\",0,0]", "[5]" },
        { "submit_message", $"[\"a\",\"{Signature}\",\"{Key}\",0]", "sender" },
    };

    public static TheoryData<string> UnknownMethods =>
    [
        "", "get_heigth", "GET_HEIGHT", "get_height ", " get_height", "Get_Height", "rpc.", "rpc.Discover", "subscribe", "unsubscribe",
        "eth_blockNumber", "__proto__", "../get_height", "get_height\\u0000", "\u00e9", "\\ud83d\\ude00",
    ];

    public static TheoryData<string, string> Unknown => new()
    {
        { "get_block", "[18446744073709551615]" },
        { "get_block", $"[\"{Id}\"]" },
        { "get_message", $"[\"{Id}\"]" },
        { "get_proof", $"[\"0x{Id}\"]" },
    };

    [Theory]
    [MemberData(nameof(NotJson))]
    public async Task What_is_not_strict_json_is_a_parse_error(string body) => await ExpectAsync(body, -32700);

    [Theory]
    [MemberData(nameof(NoRequest))]
    public async Task What_is_no_request_object_is_an_invalid_request(string body) => await ExpectAsync(body, -32600);

    [Theory]
    [MemberData(nameof(WrongParams))]
    [MemberData(nameof(WrongSubmissions))]
    public async Task Wrong_params_are_refused_and_named(string method, string parameters, string named)
    {
        var reply = await shared.Node.CallAsync(method, parameters);
        Assert.Equal(-32602, reply.Code);
        Assert.Equal(named, reply.Data.GetProperty("parameter").GetString());
        Assert.NotEmpty(reply.Data.GetProperty("reason").GetString()!);
        Assert.Equal(1, reply.Json.GetProperty("id").GetInt32());
    }

    [Theory]
    [MemberData(nameof(UnknownMethods))]
    public async Task An_unknown_method_is_not_found(string method) => Assert.Equal(-32601, (await shared.Node.CallAsync(method)).Code);

    [Theory]
    [MemberData(nameof(Unknown))]
    public async Task What_is_not_in_the_chain_is_not_found(string method, string parameters) =>
        Assert.Equal(-32004, (await shared.Node.CallAsync(method, parameters)).Code);

    [Theory]
    [InlineData("ff")]
    [InlineData("c0af")]
    [InlineData("eda080")]
    [InlineData("f4908080")]
    [InlineData("e282")]
    public async Task Bytes_that_are_not_utf8_are_a_parse_error(string hex)
    {
        byte[] body =
        [
            .. "{\"jsonrpc\":\"2.0\",\"id\":\""u8, .. Convert.FromHexString(hex), .. "\",\"method\":\"get_height\"}"u8,
        ];
        var reply = await shared.Node.PostAsync(body);
        Assert.Equal(-32700, reply.Code);
        Assert.Equal(JsonValueKind.Null, reply.Json.GetProperty("id").ValueKind);
    }

    [Fact]
    public async Task Other_unicode_encodings_are_a_parse_error()
    {
        const string Body = """{"jsonrpc":"2.0","id":1,"method":"get_height"}""";
        foreach (var encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32])
        {
            Assert.Equal(-32700, (await shared.Node.PostAsync(encoding.GetBytes(Body))).Code);
        }
    }

    [Fact]
    public async Task Every_cut_and_every_changed_byte_of_a_request_is_answered_and_the_node_stays_well()
    {
        using var sender = new Sender();
        var submission = $$"""{"jsonrpc":"2.0","id":"a","method":"submit_message","params":{{sender.Params(5, "a\\n\u00e9")}} }""";
        var whole = Encoding.UTF8.GetBytes($$"""[{{submission}},{"jsonrpc":"2.0","id":2,"method":"get_height"}]""");
        for (var i = 0; i < whole.Length; i++)
        {
            Assert.Equal(-32700, (await shared.Node.PostAsync(whole[..i])).Code);
            foreach (var other in "\0\"\\{}[],:0eé"u8.ToArray())
            {
                var changed = whole.ToArray();
                changed[i] = other;
                await CheckAsync(changed);
            }
        }

        await shared.Node.ResultAsync("get_height");
        Assert.Equal(0UL, (await shared.Node.ResultAsync("get_nonce", sender.KeyParams)).GetProperty("nonce").GetUInt64());
    }

    private static string Nested(char open, char close, int depth) => new string(open, depth) + new string(close, depth);

    private static string Submission(
        string content = "\"a\"", string? signature = null, string? key = null, string nonce = "0", string more = "") =>
        $$"""{"content":{{content}},"signature":{{signature ?? $"\"{Signature}\""}},"public_key":{{key ?? $"\"{Key}\""}},"nonce":{{nonce}}{{more}}}""";

    private async Task ExpectAsync(string body, int code)
    {
        var reply = await shared.Node.PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var answer = reply.Json.ValueKind == JsonValueKind.Array ? Assert.Single(reply.Json.EnumerateArray().ToArray()) : reply.Json;
        Assert.Equal(code, Reply.CodeOf(answer));
        Assert.Equal("2.0", answer.GetProperty("jsonrpc").GetString());
        Assert.NotEmpty(answer.GetProperty("error").GetProperty("data").GetProperty("reason").GetString()!);
        await shared.Node.ResultAsync("get_height");
    }

    // Whatever it is, the answer is one of JSON-RPC.
    private async Task CheckAsync(byte[] body)
    {
        var reply = await shared.Node.PostAsync(body);
        Assert.Contains(reply.Status, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.NoContent]);
        if (reply.Status == HttpStatusCode.NoContent)
        {
            return;
        }

        var answers = reply.Json.ValueKind == JsonValueKind.Array ? reply.Json.EnumerateArray().ToArray() : [reply.Json];
        Assert.All(answers, answer => Assert.True(answer.TryGetProperty("result", out _) || Reply.CodeOf(answer) < 0));
    }
}
