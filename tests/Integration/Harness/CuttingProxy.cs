using System.Net;
using System.Net.Sockets;

namespace Kimura.Tests.Integration.Harness;

/// <summary>
/// Stands between a client and a node, and cuts connections: after as many bytes of the node's as a test says, so in the middle of
/// whatever is under way.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Uri _node;
    private readonly Func<int> _bytesUntilCut;
    private readonly Task _accepting;
    private int _cuts;

    /// <summary>Begins; each connection is cut after the number of bytes it is given here.</summary>
    public CuttingProxy(Uri node, Func<int> bytesUntilCut)
    {
        _node = node;
        _bytesUntilCut = bytesUntilCut;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>How many connections were cut so far.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        await _accepting;
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var relays = new List<Task>();
        try
        {
            while (true)
            {
                relays.Add(RelayAsync(await _listener.AcceptSocketAsync(_ending.Token)));
                relays.RemoveAll(relay => relay.IsCompletedSuccessfully);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(relays);
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        using var node = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await node.ConnectAsync(_node.Host, _node.Port, both.Token);
                await await Task.WhenAny(PumpAsync(client, node, int.MaxValue, both.Token), PumpAsync(node, client, _bytesUntilCut(), both.Token));
            }
            catch (Exception ended) when (ended is SocketException or OperationCanceledException)
            {
                // Either side hung up.
            }

            await both.CancelAsync();
            // A reset, not a farewell.
            client.LingerState = new LingerOption(enable: true, seconds: 0);
            node.LingerState = new LingerOption(enable: true, seconds: 0);
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

            for (var sent = 0; sent < Math.Min(count, most);)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, Math.Min(count, most) - sent), cancellation);
            }

            most -= Math.Min(count, most);
        }

        Interlocked.Increment(ref _cuts);
    }
}
