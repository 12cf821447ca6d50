using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kimura.Benchmarks.Ingest;

/// <summary>
/// One keep-alive HTTP/1.1 connection that sends requests made beforehand, one at a time, and allocates nothing for a call: the
/// generator shares the processor with the node.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private static readonly byte[] LengthHeader = Encoding.ASCII.GetBytes("\r\nContent-Length: ");

    private readonly Socket _socket;
    private byte[] _buffer = new byte[32 << 10];
    private int _filled;

    private HttpConnection(Socket socket) => _socket = socket;

    public static async Task<HttpConnection> OpenAsync(IPEndPoint address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address);
        return new HttpConnection(socket);
    }

    /// <summary>A whole request with a JSON body.</summary>
    public static byte[] Request(ReadOnlySpan<byte> body) =>
    [
        .. "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "u8,
        .. Encoding.ASCII.GetBytes($"{body.Length}\r\n\r\n"),
        .. body,
    ];

    /// <summary>Sends a request and waits for the whole answer; the body is valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request)
    {
        while (!request.IsEmpty)
        {
            request = request[await _socket.SendAsync(request)..];
        }

        _filled = 0;
        int head;
        while ((head = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            await ReceiveAsync();
        }

        if (!_buffer.AsSpan(0, _filled).StartsWith("HTTP/1.1 200 "u8))
        {
            throw new BenchmarkException($"bench: the node answered {Encoding.UTF8.GetString(_buffer, 0, Math.Min(_filled, 300))}");
        }

        var body = head + 4;
        var length = ContentLength(_buffer.AsSpan(0, head));
        return length < 0 ? await ReadChunksAsync(body) : await ReadLengthAsync(body, length);
    }

    public void Dispose() => _socket.Dispose();

    private static int ContentLength(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf(LengthHeader);
        return at >= 0 && Utf8Parser.TryParse(head[(at + LengthHeader.Length)..], out int length, out _) ? length : -1;
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadLengthAsync(int body, int length)
    {
        while (_filled < body + length)
        {
            await ReceiveAsync();
        }

        return _buffer.AsMemory(body, length);
    }

    // The chunks' data is moved together as it comes.
    private async ValueTask<ReadOnlyMemory<byte>> ReadChunksAsync(int body)
    {
        int end = body, at = body;
        while (true)
        {
            int line;
            while ((line = _buffer.AsSpan(at, _filled - at).IndexOf("\r\n"u8)) < 0)
            {
                await ReceiveAsync();
            }

            _ = Utf8Parser.TryParse(_buffer.AsSpan(at, line), out int size, out _, 'x');
            at += line + 2;
            while (_filled < at + size + 2)
            {
                await ReceiveAsync();
            }

            if (size == 0)
            {
                return _buffer.AsMemory(body, end - body);
            }

            _buffer.AsSpan(at, size).CopyTo(_buffer.AsSpan(end));
            end += size;
            at += size + 2;
        }
    }

    private async ValueTask ReceiveAsync()
    {
        if (_filled == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var count = await _socket.ReceiveAsync(_buffer.AsMemory(_filled));
        _filled += count > 0 ? count : throw new BenchmarkException("bench: the node closed the connection");
    }
}
