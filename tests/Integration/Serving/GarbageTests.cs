using System.Net;
using System.Net.Sockets;
using System.Text;
using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.Running;
using Xunit;

namespace Kimura.Tests.Integration.Serving;

public sealed class GarbageTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 180_000)]
    public async Task Node_outlives_whatever_comes_to_its_port()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"));
        var address = new IPEndPoint(IPAddress.Loopback, node.Address.Port);

        for (var i = 0; i < 100; i++)
        {
            await SendAsync(address, Bytes(random), reset: random.Next(2) == 0);
        }

        await DropManyAsync(address);

        // Written slowly on purpose, and never to the end.
        using var half = new TcpClient();
        await half.ConnectAsync(address, TestContext.Current.CancellationToken);
        await half.GetStream().WriteAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{\"jsonrpc\""u8.ToArray(), TestContext.Current.CancellationToken);

        using var rpc = node.Client();
        using var sender = new Sender();
        await rpc.SubmitAsync(sender.Sign(10, "healthy"));
        await rpc.NothingPendingAsync();
        Assert.Equal(10, (await WalkedChain.WalkAsync(rpc)).Messages.Count);
        Assert.Equal(200, (await rpc.GetAsync("health/ready")).Status);
        Stopped.Check(await node.EndAsync(Signals.Interrupt));
    }

    private static byte[] Bytes(Random random)
    {
        var noise = new byte[random.Next(1, 3000)];
        random.NextBytes(noise);
        return random.Next(6) switch
        {
            0 => noise,
            1 => [.. "POST / HTTP/1.1\r\n"u8, .. noise],
            2 => [.. Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {noise.Length}\r\n\r\n"), .. noise],
            3 => [.. "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n"u8, .. noise],
            4 => "GET / HTTP/9.9\r\n\r\n"u8.ToArray(),
            _ => [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. noise],
        };
    }

    private static async Task SendAsync(IPEndPoint address, byte[] bytes, bool reset)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address);
        if (reset)
        {
            client.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        try
        {
            await client.GetStream().WriteAsync(bytes);
        }
        catch (IOException)
        {
            // The node has seen enough of it.
        }
    }

    private static async Task DropManyAsync(IPEndPoint address)
    {
        var clients = Enumerable.Range(0, 100).Select(_ => new TcpClient()).ToList();
        try
        {
            await Task.WhenAll(clients.Select(client => client.ConnectAsync(address)));
            await Task.WhenAll(clients.Select(client => client.GetStream().WriteAsync("POST / HT"u8.ToArray()).AsTask()));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }
}
