using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>What is no HTTP, and clients that go away.</summary>
[Collection(GatewayCollection.Name)]
public sealed class HttpTests(SharedNode shared)
{
    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}XXXX\r\n", "400")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999999\r\n\r\n", "400")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", "413")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "400")]
    [InlineData("GET / HTTP/9.9\r\nHost: a\r\n\r\n", "505")]
    [InlineData("G\0T / HTTP/1.1\r\n\r\n", "400")]
    [InlineData("\x16\x03\x01\r\n\r\n", "400")]
    public async Task What_is_no_http_is_refused_without_a_500(string bytes, string status)
    {
        var node = shared.Node;
        using var client = await ConnectAsync(node);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(bytes));
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        Assert.StartsWith($"HTTP/1.1 {status} ", await reader.ReadLineAsync(), StringComparison.Ordinal);
        await node.ResultAsync("get_height");
    }

    [Fact]
    public async Task A_client_that_goes_away_in_the_middle_does_no_harm()
    {
        var node = shared.Node;
        for (var i = 0; i < 20; i++)
        {
            using var client = await ConnectAsync(node);
            await client.GetStream().WriteAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{\"jsonrpc\""u8.ToArray());
            client.LingerState = new LingerOption(enable: i % 2 == 0, seconds: 0);
        }

        await node.ResultAsync("get_height");
    }

    private static async Task<TcpClient> ConnectAsync(RpcNode node)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, node.Node.RpcAddress.Port);
        return client;
    }
}
