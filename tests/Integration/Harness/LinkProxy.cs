using System.Net;
using System.Net.Sockets;
using Kimura.Libp2p.Addressing;

namespace Kimura.Tests.Integration.Harness;

/// <summary>
/// The wire between two nodes: one fixed address, behind which the node that is dialled may come and go, and which a test cuts in either
/// of the ways in which wires are cut.
/// </summary>
internal sealed class LinkProxy : RelayProxy
{
    private readonly Lock _gate = new();
    private readonly HashSet<Socket> _sockets = [];
    private TaskCompletionSource? _stalled;
    private bool _isClosed;
    private IPEndPoint? _target;

    /// <summary>What to dial; without a peer id.</summary>
    public Multiaddress Address => Multiaddress.Tcp(Endpoint.Address, Endpoint.Port);

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

    protected override async Task RelayAsync(Socket client)
    {
        var node = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (Enter(client, node) is { } target)
        {
            await JoinAsync(client, node, target, stop => PumpAsync(client, node, stop), stop => PumpAsync(node, client, stop));
        }

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

            await SendAsync(to, buffer.AsMemory(0, count), cancellation);
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
