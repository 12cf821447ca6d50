using System.Net;
using System.Text;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>What pages of other origins may do.</summary>
[Collection(GatewayCollection.Name)]
public sealed class CorsTests(SharedNode shared)
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"get_height"}""";
    private const string Page = "https://app.example";

    [Fact]
    public async Task By_default_any_page_may_call_after_a_preflight()
    {
        var node = shared.Node;
        var preflight = await node.SendAsync(Preflight(Page));
        Assert.Equal(HttpStatusCode.NoContent, preflight.Status);
        Assert.Equal("*", Header(preflight, "Access-Control-Allow-Origin"));
        Assert.Contains("POST", Header(preflight, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Equal("Content-Type", Header(preflight, "Access-Control-Allow-Headers"));
        Assert.NotEmpty(Header(preflight, "Access-Control-Max-Age"));
        var reply = await node.SendAsync(Post(Page, "application/json; charset=utf-8"));
        Assert.Equal(0, reply.Code);
        Assert.Equal("*", Header(reply, "Access-Control-Allow-Origin"));
        Assert.Equal("Retry-After", Header(reply, "Access-Control-Expose-Headers"));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("text/plain; application/json")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=a")]
    [InlineData("application/jsonx")]
    [InlineData(null)]
    public async Task A_page_cannot_call_without_a_preflight(string? type)
    {
        var node = shared.Node;
        var reply = await node.SendAsync(Post(Page, type));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, reply.Status);
        Assert.Equal(-32600, reply.Code);
        Assert.Equal(0, (await node.SendAsync(Post(origin: null, type))).Code);
    }

    [Fact]
    public async Task Other_origins_than_those_listed_are_refused()
    {
        await using var node = await RpcNode.StartAsync(
            configuration => configuration with { CorsOrigins = [Page, "http://localhost:3000"] });
        string[] others = ["https://evil.example", "null", "https://app.example.evil", "http://app.example", "https://app.example:444"];
        foreach (var origin in others)
        {
            var reply = await node.SendAsync(Post(origin, "application/json"));
            Assert.Equal(HttpStatusCode.Forbidden, reply.Status);
            Assert.Equal(-32600, reply.Code);
            Assert.False(reply.Headers.Contains("Access-Control-Allow-Origin"));
            Assert.False((await node.SendAsync(Preflight(origin))).Headers.Contains("Access-Control-Allow-Origin"));
        }

        var allowed = await node.SendAsync(Post(Page, "application/json"));
        Assert.Equal(0, allowed.Code);
        Assert.Equal(Page, Header(allowed, "Access-Control-Allow-Origin"));
        Assert.Equal("Origin", Header(allowed, "Vary"));
        Assert.Equal(0, (await node.SendAsync(Post(origin: null, "application/json"))).Code);
    }

    [Fact]
    public async Task The_nodes_own_pages_may_call_unless_reached_by_a_name_that_anybody_could_point_here()
    {
        await using var node = await RpcNode.StartAsync(configuration => configuration with { CorsOrigins = [Page] });
        var port = node.Node.RpcAddress.Port;
        (string Host, HttpStatusCode Status)[] table =
        [
            ($"127.0.0.1:{port}", HttpStatusCode.OK),
            ($"localhost:{port}", HttpStatusCode.OK),
            ($"rebound.example:{port}", HttpStatusCode.Forbidden),
        ];
        foreach (var (host, status) in table)
        {
            var request = Post($"http://{host}", "application/json");
            request.Headers.Host = host;
            Assert.Equal(status, (await node.SendAsync(request)).Status);
        }
    }

    private static string Header(Reply reply, string name) => Assert.Single(reply.Headers.GetValues(name));

    private static HttpRequestMessage Preflight(string origin)
    {
        var request = new HttpRequestMessage(HttpMethod.Options, "/");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "content-type");
        return request;
    }

    private static HttpRequestMessage Post(string? origin, string? type)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Call)) };
        if (type is not null)
        {
            Assert.True(request.Content.Headers.TryAddWithoutValidation("Content-Type", type));
        }

        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        return request;
    }
}
