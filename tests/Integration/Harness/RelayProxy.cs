using System.Net;
using System.Net.Sockets;

namespace Kimura.Tests.Integration.Harness;

/// <summary>Listens on a free port of the loopback address and stands between whoever connects there and somebody else.</summary>
internal abstract class RelayProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _accepting;

    protected RelayProxy()
    {
        _listener.Start();
        Endpoint = (IPEndPoint)_listener.LocalEndpoint;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>Cancelled when the proxy ends.</summary>
    protected CancellationToken Ending => _ending.Token;

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        await _accepting;
        _ending.Dispose();
    }

    /// <summary>Carries one connection to its end, and closes it.</summary>
    protected abstract Task RelayAsync(Socket client);

    /// <summary>Connects and runs both directions until one of them ends; neither runs on after it.</summary>
    protected async Task JoinAsync(
        Socket client, Socket server, EndPoint target, Func<CancellationToken, Task> requests, Func<CancellationToken, Task> answers)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        var pumps = new List<Task>();
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(target, both.Token);
            pumps.Add(requests(both.Token));
            pumps.Add(answers(both.Token));
            await await Task.WhenAny(pumps);
        }
        catch (Exception ended) when (IsEnd(ended))
        {
            // Either side hung up, or the proxy ends.
        }

        await both.CancelAsync();
        try
        {
            await Task.WhenAll(pumps);
        }
        catch (Exception ended) when (IsEnd(ended))
        {
            // The other direction, as it was told.
        }
    }

    protected static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes, stop)..];
        }
    }

    private static bool IsEnd(Exception exception) => exception is SocketException or OperationCanceledException or ObjectDisposedException;

    private async Task AcceptAsync()
    {
        var relays = new List<Task>();
        try
        {
            while (true)
            {
                relays.Add(RelayAsync(await _listener.AcceptSocketAsync(_ending.Token)));
                relays.RemoveAll(static relay => relay.IsCompletedSuccessfully);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(relays);
        }
    }
}
