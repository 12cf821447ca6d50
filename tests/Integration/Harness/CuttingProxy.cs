using System.Net;
using System.Net.Sockets;

namespace Kimura.Tests.Integration.Harness;

/// <summary>
/// Stands between a client and a node, and cuts connections: after as many bytes of the node's as a test says, so in the middle of
/// whatever is under way.
/// </summary>
internal sealed class CuttingProxy(Uri node, Func<int> bytesUntilCut) : RelayProxy
{
    private int _cuts;

    public Uri Address => new($"http://{Endpoint}/");

    /// <summary>How many connections were cut so far.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    protected override async Task RelayAsync(Socket client)
    {
        using (client)
        {
            using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await JoinAsync(
                client, server, IPEndPoint.Parse(node.Authority), stop => PumpAsync(client, server, int.MaxValue, stop), stop => PumpAsync(server, client, bytesUntilCut(), stop));

            // A reset, not a farewell.
            client.LingerState = new LingerOption(enable: true, seconds: 0);
            server.LingerState = new LingerOption(enable: true, seconds: 0);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, int most, CancellationToken cancellation)
    {
        var buffer = new byte[16 << 10];
        while (most > 0)
        {
            var count = await from.ReceiveAsync(buffer, cancellation);
            if (count == 0)
            {
                return;
            }

            count = Math.Min(count, most);
            await SendAsync(to, buffer.AsMemory(0, count), cancellation);
            most -= count;
        }

        Interlocked.Increment(ref _cuts);
    }
}
