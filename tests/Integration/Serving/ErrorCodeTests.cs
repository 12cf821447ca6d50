using System.Text.Json;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Serving;

/// <summary>The refusals of protocol section 7 through a whole node; the long table is the gateway's own test.</summary>
public sealed class ErrorCodeTests : IAsyncLifetime
{
    private readonly TempDirectory _folder = new();
    private readonly Sender _sender = new();
    private NodeProcess _node = null!;
    private RpcClient _rpc = null!;

    public async ValueTask InitializeAsync()
    {
        _node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), "--max-content", "100", "--max-request-bytes", "20000", "--max-batch-calls", "5");
        _rpc = _node.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _rpc.Dispose();
        await _node.DisposeAsync();
        _sender.Dispose();
        _folder.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task Each_fault_of_a_submission_has_its_code()
    {
        var known = _sender.Sign("known");
        await _rpc.SubmitAsync(known);
        using var other = new Sender();

        await RefusedAsync(-32602, known with { Signature = known.Signature[2..] });
        await RefusedAsync(-32602, known with { Signature = "zz" + known.Signature[2..] });
        var tooLarge = await RefusedAsync(-32008, _sender.SignAt(1, new string('a', 101)));
        Assert.Equal(100, tooLarge.GetProperty("limit").GetInt32());
        await RefusedAsync(-32001, _sender.SignAt(1, "signed") with { Content = "sent" });
        await RefusedAsync(-32001, known with { Sender = other.PublicKey });
        var same = await RefusedAsync(-32003, known);
        Assert.True(same.GetProperty("same_content").GetBoolean());
        Assert.Equal(known.Id.ToString(), same.GetProperty("message_id").GetString());
        Assert.False((await RefusedAsync(-32003, _sender.SignAt(0, "other"))).GetProperty("same_content").GetBoolean());
        Assert.Equal(1, (await RefusedAsync(-32002, _sender.SignAt(2, "early"))).GetProperty("expected").GetInt32());
        await _rpc.SubmitAsync(_sender.Sign(new string('a', 100)));

        await _rpc.NothingPendingAsync();
        await RefusedAsync(-32003, known);
    }

    [Fact(Timeout = 120_000)]
    public async Task Batch_of_messages_spoils_only_what_is_wrong()
    {
        var first = _sender.Sign("first");
        var bad = _sender.SignAt(1, "signed") with { Content = "sent" };
        var second = _sender.Sign("second");
        var early = _sender.SignAt(9, "early");
        var other = _sender.SignAt(0, "other");

        var results = (await _rpc.CallAsync("submit_messages", new
        {
            messages = new[] { first.ToParameters(), 17, bad.ToParameters(), second.ToParameters(), early.ToParameters(), other.ToParameters(), first.ToParameters() },
        })).EnumerateArray().Select(result => result.TryGetProperty("error", out var error) ? error.GetProperty("code").GetInt32() : 0);

        // The last meets its own first try before that is on disk, and shares its answer.
        Assert.Equal([0, -32602, -32001, 0, -32002, -32003, 0], results);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(200, -32700, "{\"jsonrpc\": \"2.0\", \"id\": 1,")]
    [InlineData(200, -32700, "")]
    [InlineData(200, -32600, "[]")]
    [InlineData(200, -32600, "17")]
    [InlineData(200, -32600, "{\"jsonrpc\": \"1.0\", \"id\": 1, \"method\": \"get_height\"}")]
    [InlineData(200, -32601, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"get_everything\"}")]
    [InlineData(200, -32601, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"subscribe\", \"params\": [\"blocks\"]}")]
    [InlineData(200, -32602, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"get_block\"}")]
    [InlineData(200, -32602, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"get_block\", \"params\": {\"height\": 0, \"colour\": 1}}")]
    [InlineData(200, -32602, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"get_blocks\", \"params\": [2, 1]}")]
    [InlineData(200, -32602, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"get_block\", \"params\": [-1]}")]
    [InlineData(200, -32004, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"get_block\", \"params\": [18446744073709551615]}")]
    [InlineData(413, -32008, "[1, 2, 3, 4, 5, 6]")]
    public async Task Each_fault_of_a_request_has_its_code(int status, int code, string request)
    {
        var (answered, text) = await _rpc.PostAsync(request);

        using var document = JsonDocument.Parse(text);
        Assert.Equal(code, document.RootElement.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(status, answered);
    }

    [Fact(Timeout = 120_000)]
    public async Task Sizes_depths_and_paths_are_refused_and_notifications_have_no_answer()
    {
        var (status, text) = await _rpc.PostAsync(new string(' ', 20_001));
        Assert.Equal((413, true), (status, text.Contains("-32008", StringComparison.Ordinal)));
        (status, text) = await _rpc.PostAsync(new string('[', 5_000));
        Assert.Equal((200, true), (status, text.Contains("-32700", StringComparison.Ordinal)));
        (status, text) = await _rpc.PostAsync("""{"jsonrpc": "2.0", "method": "get_height"}""");
        Assert.Equal((204, ""), (status, text));
        Assert.Equal(404, (await _rpc.GetAsync("nothing/here")).Status);
        Assert.Equal(400, (await _rpc.GetAsync("message/xyz")).Status);
        Assert.Equal(404, (await _rpc.GetAsync("message/" + new string('0', 64))).Status);
        Assert.Equal(200, (await _rpc.GetAsync("block/latest")).Status);
        Assert.Equal(200, (await _rpc.GetAsync("health/live")).Status);
        Assert.Equal(-32004, (await _rpc.SendAsync("get_message", new { message_id = new string('0', 64) })).Error!.Code);
        Assert.Equal(-32004, (await _rpc.SendAsync("get_proof", new { message_id = new string('0', 64) })).Error!.Code);
    }

    private async Task<JsonElement> RefusedAsync(int code, SignedMessage message)
    {
        var reply = await _rpc.SendAsync("submit_message", message.ToParameters());
        Assert.Equal((200, code), (reply.Status, reply.Error?.Code));
        return reply.Error!.Data ?? default;
    }
}
