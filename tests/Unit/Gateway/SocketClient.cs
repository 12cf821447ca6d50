using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>The framework's WebSocket client, speaking JSON-RPC by hand.</summary>
internal sealed class SocketClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Queue<JsonElement> _told = new();

    public ClientWebSocket Socket { get; } = new();

    public static async Task<SocketClient> ConnectAsync(Uri node, Action<ClientWebSocketOptions>? change = null)
    {
        var client = new SocketClient();
        client.Socket.Options.Proxy = null;
        change?.Invoke(client.Socket.Options);
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await client.Socket.ConnectAsync(new UriBuilder(node) { Scheme = "ws", Path = "/ws" }.Uri, limit.Token);
            return client;
        }
        catch
        {
            client.Socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects as soon as the server has a place: it learns of a client's end when the connection tells it.</summary>
    public static async Task<SocketClient> EventuallyConnectAsync(Uri node)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await ConnectAsync(node);
            }
            catch (WebSocketException) when (TimeProvider.System.GetElapsedTime(started) < Patience)
            {
                await Task.Yield();
            }
        }
    }

    /// <summary>Drops what was told and not looked at.</summary>
    public void Forget() => _told.Clear();

    /// <summary>Subscribes; gives the id.</summary>
    public async Task<string> SubscribeAsync(string parameters) => (await ResultAsync("subscribe", parameters)).GetString()!;

    /// <summary>Calls a method that must succeed; what subscriptions tell meanwhile is kept.</summary>
    public async Task<JsonElement> ResultAsync(string method, string parameters = "{}")
    {
        var answer = await AskAsync($$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}""");
        return answer.TryGetProperty("result", out var result)
            ? result
            : throw new InvalidOperationException($"{method} {parameters} gave {answer}");
    }

    /// <summary>The answer to any text.</summary>
    public async Task<JsonElement> AskAsync(string text)
    {
        await SendAsync(text);
        while (true)
        {
            var message = await ReceiveAsync();
            if (message.ValueKind == JsonValueKind.Array || !message.TryGetProperty("method", out _))
            {
                return message;
            }

            _told.Enqueue(message.GetProperty("params"));
        }
    }

    public async Task SendAsync(string text)
    {
        using var limit = new CancellationTokenSource(Patience);
        await Socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
    }

    /// <summary>The params of the next notification.</summary>
    public async Task<JsonElement> NextAsync()
    {
        if (_told.TryDequeue(out var told))
        {
            return told;
        }

        var message = await ReceiveAsync();
        return message.GetProperty("method").GetString() == "subscription"
            ? message.GetProperty("params")
            : throw new InvalidOperationException($"not a notification: {message}");
    }

    /// <summary>The result of the next notification.</summary>
    public async Task<JsonElement> NextResultAsync()
    {
        var told = await NextAsync();
        return told.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException($"no result: {told}");
    }

    /// <summary>Waits for the server's close, after which nothing comes; gives its status.</summary>
    public async Task<WebSocketCloseStatus?> ClosedAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        var buffer = new byte[64 << 10];
        while ((await Socket.ReceiveAsync(buffer.AsMemory(), limit.Token)).MessageType != WebSocketMessageType.Close)
        {
            // What was under way.
        }

        return Socket.CloseStatus;
    }

    public async Task<JsonElement> ReceiveAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await Socket.ReceiveAsync(bytes.GetMemory(16 << 10), limit.Token);
            bytes.Advance(read.Count);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                throw new WebSocketException($"closed: {Socket.CloseStatus} {Socket.CloseStatusDescription}");
            }

            if (read.EndOfMessage)
            {
                return JsonSerializer.Deserialize<JsonElement>(bytes.WrittenSpan);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        Socket.Abort();
        Socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
