using System.Buffers;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Kimura.Benchmarks.Sockets;

/// <summary>A WebSocket client with one subscription.</summary>
internal sealed class SocketClient : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly ArrayBufferWriter<byte> _message = new(4096);

    public static async Task<SocketClient> OpenAsync(IPEndPoint node, string parameters)
    {
        var client = new SocketClient();
        client._socket.Options.Proxy = null;
        await client._socket.ConnectAsync(new Uri($"ws://{node}/ws"), CancellationToken.None);
        var request = Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{{parameters}}}""");
        await client._socket.SendAsync(request, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        await client.ReceiveAsync();
        return client;
    }

    /// <summary>Reads as many blocks; the milliseconds from each one's time to now.</summary>
    public async Task<List<long>> DelaysAsync(int blocks)
    {
        var delays = new List<long>();
        while (delays.Count < blocks)
        {
            await ReceiveAsync();
            delays.Add(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - TimeOf(_message.WrittenSpan));
        }

        return delays;
    }

    public void Dispose() => _socket.Dispose();

    private static long TimeOf(ReadOnlySpan<byte> block)
    {
        var reader = new Utf8JsonReader(block);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("timestamp"u8))
            {
                reader.Read();
                return reader.GetInt64();
            }
        }

        throw new BenchmarkException("bench: a notification without a time");
    }

    private async Task ReceiveAsync()
    {
        _message.ResetWrittenCount();
        while (true)
        {
            var read = await _socket.ReceiveAsync(_message.GetMemory(4096), CancellationToken.None);
            _message.Advance(read.Count);
            if (read.EndOfMessage)
            {
                return;
            }
        }
    }
}
