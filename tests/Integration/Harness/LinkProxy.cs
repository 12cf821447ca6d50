using System.Net;
using System.Net.Sockets;
using Kimura.Libp2p.Addressing;

namespace Kimura.Tests.Integration.Harness;

/// <summary>
/// The wire between two nodes: one fixed address, behind which the node that is dialled may come and go, and which a test cuts in either
/// of the ways in which wires are cut.
/// </summary>
internal sealed class LinkProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Socket> _sockets = [];
    private readonly Task _accepting;
    private TaskCompletionSource? _stalled;
    private bool _isClosed;
    private IPEndPoint? _target;

    public LinkProxy()
    {
        _listener.Start();
        Address = Multiaddress.Tcp(IPAddress.Loopback, ((IPEndPoint)_listener.LocalEndpoint).Port);
        _accepting = AcceptAsync();
    }

    /// <summary>What to dial; without a peer id.</summary>
    public Multiaddress Address { get; }

    /// <summary>The node behind it, from now on.</summary>
    public void LeadTo(NodeProcess node)
    {
        var port = int.Parse(node.NetworkAddress.ToString().Split('/')[4], System.Globalization.CultureInfo.InvariantCulture);
        lock (_gate)
        {
            _target = new IPEndPoint(IPAddress.Loopback, port);
        }
    }

    /// <summary>Nothing passes any more, and nobody is told.</summary>
    public void Stall()
    {
        lock (_gate)
        {
            _stalled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Resets all connections, and each new one.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            foreach (var socket in _sockets)
            {
                socket.Close(0);
            }
        }
    }

    /// <summary>As it was before the cut: what was held back passes, and new connections are carried.</summary>
    public void Restore()
    {
        TaskCompletionSource? stalled;
        lock (_gate)
        {
            (stalled, _stalled, _isClosed) = (_stalled, null, false);
        }

        stalled?.SetResult();
    }

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
        var node = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        using var both = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        try
        {
            if (Enter(client, node) is { } target)
            {
                await node.ConnectAsync(target, both.Token);
                var pumps = new[] { PumpAsync(client, node, both.Token), PumpAsync(node, client, both.Token) };
                await await Task.WhenAny(pumps);
            }
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side hung up, or the wire is cut.
        }

        await both.CancelAsync();
        lock (_gate)
        {
            _sockets.Remove(client);
            _sockets.Remove(node);
        }

        client.Close(0);
        node.Close(0);
    }

    private IPEndPoint? Enter(Socket client, Socket node)
    {
        lock (_gate)
        {
            if (_isClosed || _target is null)
            {
                return null;
            }

            _sockets.Add(client);
            _sockets.Add(node);
            return _target;
        }
    }

    private async Task PumpAsync(Socket from, Socket to, CancellationToken cancellation)
    {
        var buffer = new byte[64 << 10];
        while (true)
        {
            var count = await from.ReceiveAsync(buffer, cancellation);
            await Held().WaitAsync(cancellation);
            if (count == 0)
            {
                return;
            }

            for (var sent = 0; sent < count;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), cancellation);
            }
        }
    }

    private Task Held()
    {
        lock (_gate)
        {
            return _stalled?.Task ?? Task.CompletedTask;
        }
    }
}
