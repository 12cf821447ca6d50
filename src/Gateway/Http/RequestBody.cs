using System.Buffers;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.Http;

/// <summary>How reading a body ended.</summary>
internal enum BodyOutcome
{
    Unspecified = 0,
    Complete,
    TooLarge,
    OverBudget,
}

/// <summary>
/// A request's body in one pooled array. It grows with what arrived, never with what was announced, so that a client pays for the
/// memory it takes with bytes it sent.
/// </summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstSize = 4 << 10;
    private const int TrustedAnnouncement = 64 << 10;

    private readonly BodyBudget _budget;
    private byte[] _array = [];
    private int _length;

    private RequestBody(BodyBudget budget) => _budget = budget;

    public BodyOutcome Outcome { get; private set; }

    public ReadOnlyMemory<byte> Bytes => _array.AsMemory(0, _length);

    public static async ValueTask<RequestBody> ReadAsync(HttpRequest request, int limit, BodyBudget budget, CancellationToken cancellation)
    {
        var body = new RequestBody(budget);
        if (request.ContentLength > limit)
        {
            body.Outcome = BodyOutcome.TooLarge;
            return body;
        }

        var announced = request.ContentLength is { } length ? (int)length : FirstSize;
        try
        {
            await body.FillAsync(request, limit, announced, cancellation);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Reads one WebSocket message; no memory is taken before its first bytes are there. Null at the connection's end.</summary>
    public static async ValueTask<RequestBody?> ReadAsync(WebSocket socket, int limit, BodyBudget budget, CancellationToken cancellation)
    {
        var body = new RequestBody(budget);
        try
        {
            return await body.FillAsync(socket, limit, cancellation) ? body : null;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _budget.Release(_array.Length);
            _array = [];
            _length = 0;
        }
    }

    private async ValueTask FillAsync(HttpRequest request, int limit, int announced, CancellationToken cancellation)
    {
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            var fits = read.Buffer.Length <= limit - _length;
            if (!fits || !TryReserve(_length + (int)read.Buffer.Length, Math.Min(announced, TrustedAnnouncement)))
            {
                reader.AdvanceTo(read.Buffer.End);
                Outcome = fits ? BodyOutcome.OverBudget : BodyOutcome.TooLarge;
                return;
            }

            read.Buffer.CopyTo(_array.AsSpan(_length));
            _length += (int)read.Buffer.Length;
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                Outcome = BodyOutcome.Complete;
                return;
            }
        }
    }

    // False at the connection's end.
    private async ValueTask<bool> FillAsync(WebSocket socket, int limit, CancellationToken cancellation)
    {
        var read = await socket.ReceiveAsync(Memory<byte>.Empty, cancellation);
        while (read.MessageType != WebSocketMessageType.Close)
        {
            if (read.EndOfMessage)
            {
                Outcome = BodyOutcome.Complete;
                return true;
            }

            if (_length == limit || !TryReserve(_length + 1, FirstSize))
            {
                Outcome = _length == limit ? BodyOutcome.TooLarge : BodyOutcome.OverBudget;
                return true;
            }

            read = await socket.ReceiveAsync(_array.AsMemory(_length, Math.Min(_array.Length, limit) - _length), cancellation);
            _length += read.Count;
        }

        return false;
    }

    private bool TryReserve(int needed, int atLeast)
    {
        if (needed <= _array.Length)
        {
            return true;
        }

        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(needed, atLeast), Math.Min(2 * _array.Length, 64 << 20)));
        if (!_budget.TryReserve(grown.Length))
        {
            ArrayPool<byte>.Shared.Return(grown);
            return false;
        }

        Bytes.CopyTo(grown);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _budget.Release(_array.Length);
        }

        _array = grown;
        return true;
    }
}

/// <summary>Bounds the bytes of request bodies held at one time by all clients together.</summary>
internal sealed class BodyBudget(GatewayOptions options)
{
    // Arrays of the pool are powers of two: a body of the limit may take the next one, and half of it while growing.
    private readonly long _limit = Math.Max(options.MaxBufferedBytes, 3L * options.MaxRequestBytes);
    private long _held;

    public bool TryReserve(int bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= _limit)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    public void Release(int bytes) => Interlocked.Add(ref _held, -bytes);
}
