using System.Net;
using System.Net.Sockets;

namespace Kimura.Tests.Unit.Cluster.Postgres;

/// <summary>What becomes of the next request that comes through the proxy.</summary>
public enum CutKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The server has carried it out and answered; the answer does not arrive.</summary>
    AnswerLost,

    /// <summary>It is delivered, and the connection is cut before anybody can tell how far the server came.</summary>
    CutBehind,

    /// <summary>It never arrives.</summary>
    RequestLost,

    /// <summary>It arrives when the test says so, long after the client has given up.</summary>
    RequestLate,
}

/// <summary>Stands between a node and PostgreSQL, and breaks connections in the middle of a commit.</summary>
public sealed class PostgresProxy : IAsyncDisposable
{
    // The end of every request of the extended protocol: a Sync message.
    private static readonly byte[] Sync = [(byte)'S', 0, 0, 0, 4];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _delivered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _port;
    private readonly Task _accepting;
    private int _armed;

    public PostgresProxy(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>What happens to the next request on any connection; once.</summary>
    public void Arm(CutKind kind) => Volatile.Write(ref _armed, (int)kind);

    /// <summary>Delivers the request that was held; completes when the server has answered it.</summary>
    public Task ReleaseAsync()
    {
        _release.TrySetResult();
        return _delivered.Task;
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
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(relays);
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var link = new Link();
        var answers = Task.CompletedTask;
        using (client)
        {
            client.NoDelay = true;
            client.LingerState = new LingerOption(enable: true, seconds: 0);
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _port, ending.Token);
                answers = AnswersAsync(server, client, link, ending.Token);
                await await Task.WhenAny(RequestsAsync(client, server, link, ending.Token), answers);
            }
            catch (Exception ended) when (ended is SocketException or OperationCanceledException)
            {
                // Either side hung up.
            }

            // The answer to a late request is read below and by nobody else.
            await ending.CancelAsync();
            await answers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (link.Late is { } late)
            {
                client.Close();
                await DeliverLateAsync(server, late);
            }
        }
    }

    private async Task RequestsAsync(Socket client, Socket server, Link link, CancellationToken stop)
    {
        var buffer = new byte[64 << 10];
        using var held = new MemoryStream();
        while (await client.ReceiveAsync(buffer, stop) is > 0 and var count)
        {
            var bytes = buffer.AsMemory(0, count);
            if (link.Kind == CutKind.None)
            {
                link.Kind = (CutKind)Interlocked.Exchange(ref _armed, (int)CutKind.None);
            }

            switch (link.Kind)
            {
                case CutKind.RequestLost:
                    return;
                case CutKind.RequestLate:
                    held.Write(bytes.Span);
                    if (bytes.Span.EndsWith(Sync))
                    {
                        link.Late = held.ToArray();
                        return;
                    }

                    break;
                default:
                    await SendAsync(server, bytes, stop);
                    if (link.Kind == CutKind.CutBehind && bytes.Span.EndsWith(Sync))
                    {
                        return;
                    }

                    break;
            }
        }
    }

    private static async Task AnswersAsync(Socket server, Socket client, Link link, CancellationToken stop)
    {
        var buffer = new byte[64 << 10];
        while (await server.ReceiveAsync(buffer, stop) is > 0 and var count && link.Kind != CutKind.AnswerLost)
        {
            await SendAsync(client, buffer.AsMemory(0, count), stop);
        }
    }

    private async Task DeliverLateAsync(Socket server, byte[] request)
    {
        await _release.Task.WaitAsync(_ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_release.Task.IsCompleted)
        {
            await SendAsync(server, request, _ending.Token);
            await server.ReceiveAsync(new byte[1_024], _ending.Token);
            _delivered.TrySetResult();
        }
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes, stop)..];
        }
    }

    private sealed class Link
    {
        public volatile CutKind Kind;

        public volatile byte[]? Late;
    }
}
