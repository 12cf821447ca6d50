using System.Net;
using System.Text.Json;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>The paths beside JSON-RPC.</summary>
[Collection(GatewayCollection.Name)]
public sealed class RestTests(SharedNode shared)
{
    private static readonly string Id = new('7', 64);

    public static TheoryData<string, HttpStatusCode, int> Refusals => new()
    {
        { "/message/", HttpStatusCode.BadRequest, -32602 },
        { "/message/00", HttpStatusCode.BadRequest, -32602 },
        { $"/message/{Id}0", HttpStatusCode.BadRequest, -32602 },
        { $"/message/{Id[1..]}g", HttpStatusCode.BadRequest, -32602 },
        { $"/message/{Id}/", HttpStatusCode.BadRequest, -32602 },
        { $"/message/{Id}", HttpStatusCode.NotFound, -32004 },
        { $"/message/0x{Id}", HttpStatusCode.NotFound, -32004 },
        { "/message/%ff%fe", HttpStatusCode.BadRequest, -32602 },
        { "/message/..%2f..%2fetc%2fpasswd", HttpStatusCode.BadRequest, -32602 },
        { "/block/", HttpStatusCode.BadRequest, -32602 },
        { "/block/-1", HttpStatusCode.BadRequest, -32602 },
        { "/block/+1", HttpStatusCode.BadRequest, -32602 },
        { "/block/1.0", HttpStatusCode.BadRequest, -32602 },
        { "/block/%201", HttpStatusCode.BadRequest, -32602 },
        { "/block/0x10", HttpStatusCode.BadRequest, -32602 },
        { "/block/LATEST", HttpStatusCode.BadRequest, -32602 },
        { "/block/18446744073709551616", HttpStatusCode.BadRequest, -32602 },
        { "/block/18446744073709551615", HttpStatusCode.NotFound, -32004 },
        { $"/block/{Id}", HttpStatusCode.NotFound, -32004 },
        { "/block/0?messages=yes", HttpStatusCode.BadRequest, -32602 },
        { "/block/0?messages=", HttpStatusCode.BadRequest, -32602 },
        { "/block/0?messages=true&messages=true", HttpStatusCode.BadRequest, -32602 },
        { "/nothing", HttpStatusCode.NotFound, -32601 },
        { "/message", HttpStatusCode.NotFound, -32601 },
        { "/Message/0", HttpStatusCode.NotFound, -32601 },
        { "/health", HttpStatusCode.NotFound, -32601 },
        { "/metrics/", HttpStatusCode.NotFound, -32601 },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Wrong_paths_are_refused_with_an_error_object(string path, HttpStatusCode status, int code)
    {
        var reply = await shared.Node.GetAsync(path);
        Assert.Equal(status, reply.Status);
        Assert.Equal(code, reply.Code);
        Assert.Equal(["error"], reply.Json.EnumerateObject().Select(member => member.Name));
        Assert.Equal("application/json", reply.ContentHeaders.ContentType!.ToString());
    }

    [Fact]
    public async Task A_path_that_is_no_http_is_a_bad_request() =>
        Assert.Equal(HttpStatusCode.BadRequest, (await shared.Node.GetAsync("/message/%00")).Status);

    [Fact]
    public async Task A_message_and_its_block_are_what_the_methods_give()
    {
        using var sender = new Sender();
        await shared.Node.ResultAsync("submit_message", sender.Params(0, "rest"));
        var message = await shared.Node.ConfirmedAsync(sender.IdOf(0));
        var height = message.GetProperty("height").GetUInt64();
        Assert.Equal(message.GetRawText(), (await shared.Node.GetAsync($"/message/{sender.IdOf(0)}")).Text);
        var block = (await shared.Node.ResultAsync("get_block", $"[{height}]")).GetRawText();
        Assert.Equal(block, (await shared.Node.GetAsync($"/block/{height}")).Text);
        Assert.Equal(block, (await shared.Node.GetAsync($"/block/{height}?messages=false")).Text);
        var hash = JsonSerializer.Deserialize<JsonElement>(block).GetProperty("hash").GetString();
        Assert.Equal(block, (await shared.Node.GetAsync($"/block/{hash}")).Text);
        var whole = await shared.Node.ResultAsync("get_block", $"[{height},true]");
        Assert.Equal(whole.GetRawText(), (await shared.Node.GetAsync($"/block/{height}?messages=true")).Text);
        Assert.Equal(HttpStatusCode.OK, (await shared.Node.GetAsync("/block/latest")).Status);
    }

    [Theory]
    [InlineData("PUT", "/")]
    [InlineData("DELETE", "/")]
    [InlineData("PATCH", "/")]
    [InlineData("POST", "/message/00")]
    [InlineData("POST", "/block/latest")]
    [InlineData("POST", "/metrics")]
    [InlineData("POST", "/health/live")]
    [InlineData("POST", "/openrpc.json")]
    [InlineData("BREW", "/")]
    public async Task Wrong_methods_are_refused_and_the_right_ones_named(string method, string path)
    {
        var reply = await shared.Node.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, reply.Status);
        Assert.Equal(-32601, reply.Code);
        Assert.Contains("GET", reply.ContentHeaders.Allow);
        Assert.Equal(path == "/", reply.ContentHeaders.Allow.Contains("POST"));
    }

    [Fact]
    public async Task Head_has_the_headers_of_get_and_no_body()
    {
        foreach (var path in (string[])["/", "/block/0", "/health/live", "/openrpc.json", "/metrics"])
        {
            var reply = await shared.Node.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
            Assert.Equal(HttpStatusCode.OK, reply.Status);
            Assert.Empty(reply.Text);
            Assert.True(reply.ContentHeaders.ContentLength > 0);
        }
    }

    [Fact]
    public async Task The_root_names_the_endpoints()
    {
        var reply = await shared.Node.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Contains("POST /", reply.Text, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(reply.Headers.GetValues("X-Content-Type-Options")));
    }
}
