using System.Net;
using System.Net.Sockets;
using Kimura.Tests.Integration.Harness;

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
internal sealed class PostgresProxy(int port) : RelayProxy
{
    // The end of every request of the extended protocol: a Sync message.
    private static readonly byte[] Sync = [(byte)'S', 0, 0, 0, 4];

    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _delivered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _armed;

    /// <summary>What happens to the next request on any connection; once.</summary>
    public void Arm(CutKind kind) => Volatile.Write(ref _armed, (int)kind);

    /// <summary>Delivers the request that was held; completes when the server has answered it.</summary>
    public Task ReleaseAsync()
    {
        _release.TrySetResult();
        return _delivered.Task;
    }

    protected override async Task RelayAsync(Socket client)
    {
        using (client)
        {
            using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var link = new Link();
            client.LingerState = new LingerOption(enable: true, seconds: 0);
            await JoinAsync(
                client, server, new IPEndPoint(IPAddress.Loopback, port), stop => RequestsAsync(client, server, link, stop), stop => AnswersAsync(server, client, link, stop));
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
        await _release.Task.WaitAsync(Ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_release.Task.IsCompleted)
        {
            await SendAsync(server, request, Ending);
            await server.ReceiveAsync(new byte[1_024], Ending);
            _delivered.TrySetResult();
        }
    }

    private sealed class Link
    {
        public volatile CutKind Kind;

        public volatile byte[]? Late;
    }
}
