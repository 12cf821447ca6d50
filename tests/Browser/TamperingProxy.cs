using System.Net;
using System.Net.Sockets;

namespace Kimura.Tests.Browser;

/// <summary>Stands between a browser and a node, and changes one text in what the node answers to another of the same length.</summary>
internal sealed class TamperingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Uri _node;
    private readonly byte[] _from;
    private readonly byte[] _to;
    private readonly Task _accepting;
    private int _changes;

    public TamperingProxy(Uri node, string from, string to)
    {
        _node = node;
        _from = System.Text.Encoding.ASCII.GetBytes(from);
        _to = System.Text.Encoding.ASCII.GetBytes(to);
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>How often something was changed.</summary>
    public int Changes => Volatile.Read(ref _changes);

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
                await await Task.WhenAny(PumpAsync(client, node, tampers: false, both.Token), PumpAsync(node, client, tampers: true, both.Token));
            }
            catch (Exception ended) when (ended is SocketException or OperationCanceledException)
            {
                // Either side hung up.
            }

            await both.CancelAsync();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool tampers, CancellationToken cancellation)
    {
        var buffer = new byte[64 << 10];
        var held = 0;
        while (true)
        {
            var count = await from.ReceiveAsync(buffer.AsMemory(held), cancellation);
            if (count == 0)
            {
                return;
            }

            var all = buffer.AsMemory(0, held + count);
            held = tampers ? Tamper(all.Span) : 0;
            for (var rest = all[..^held]; !rest.IsEmpty;)
            {
                rest = rest[await to.SendAsync(rest, cancellation)..];
            }

            all[^held..].CopyTo(buffer);
        }
    }

    // How many bytes at the end may be the beginning of what is to be changed, and wait for more.
    private int Tamper(Span<byte> bytes)
    {
        for (var at = bytes.IndexOf(_from); at >= 0; at = bytes.IndexOf(_from))
        {
            _to.CopyTo(bytes[at..]);
            Interlocked.Increment(ref _changes);
        }

        for (var tail = Math.Min(_from.Length - 1, bytes.Length); tail > 0; tail--)
        {
            if (bytes.EndsWith(_from.AsSpan(0, tail)))
            {
                return tail;
            }
        }

        return 0;
    }
}
