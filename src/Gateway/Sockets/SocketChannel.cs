using System.Net.WebSockets;

namespace Kimura.Gateway.Sockets;

/// <summary>The sending half of a WebSocket: one message at a time, and none for ever.</summary>
internal sealed class SocketChannel(WebSocket socket, GatewayOptions options, TimeProvider time, Action abort) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>True if nothing more can be sent.</summary>
    public bool IsAborted => socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived);

    /// <summary>Waits until a message may begin.</summary>
    public Task BeginAsync(CancellationToken cancellation) => _turn.WaitAsync(cancellation);

    /// <summary>Lets the next message begin.</summary>
    public void End() => _turn.Release();

    /// <summary>Sends a part of the message that has begun.</summary>
    /// <exception cref="SlowClientException">The client took nothing for too long; the connection is cut.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> part, bool isLast)
    {
        var sending = socket.SendAsync(part, WebSocketMessageType.Text, isLast, CancellationToken.None);
        if (sending.IsCompleted)
        {
            await sending;
            return;
        }

        var task = sending.AsTask();
        try
        {
            await task.WaitAsync(options.SlowClientTimeout, time);
        }
        catch (TimeoutException)
        {
            Abort();
            // It ends now, in whatever way; what it says is no news.
            await task.ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw new SlowClientException($"the client took nothing for {options.SlowClientTimeout}");
        }
    }

    /// <summary>Cuts the connection: all that is left where a message cannot be ended.</summary>
    public void Abort()
    {
        abort();
        socket.Abort();
    }

    /// <summary>Says why the connection ends, if that can be said within the time.</summary>
    public async ValueTask CloseAsync(WebSocketCloseStatus status, string reason, TimeSpan within)
    {
        using var limit = new CancellationTokenSource(within, time);
        try
        {
            await _turn.WaitAsync(limit.Token);
            if (!IsAborted)
            {
                await socket.CloseOutputAsync(status, reason, limit.Token);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            Abort();
        }
    }

    public void Dispose() => _turn.Dispose();
}

/// <summary>The client does not read what it asked for.</summary>
internal sealed class SlowClientException(string message) : IOException(message);
