using Kimura.Gateway.Http;

namespace Kimura.Gateway.Sockets;

/// <summary>One WebSocket text message; a large one goes out in fragments, and nothing else in between.</summary>
internal sealed class SocketJsonResponse(SocketChannel channel, CancellationToken cancellation) : JsonResponse
{
    private bool _holdsTurn;
    private bool _hasStarted;

    public override bool HasStarted => _hasStarted;

    public override bool IsAborted => channel.IsAborted || cancellation.IsCancellationRequested;

    protected override async ValueTask SendAsync(ReadOnlyMemory<byte> part, bool isLast)
    {
        if (!_hasStarted)
        {
            await channel.BeginAsync(cancellation);
            _holdsTurn = true;
            _hasStarted = true;
        }

        await channel.SendAsync(part, isLast);
        if (isLast)
        {
            _holdsTurn = false;
            channel.End();
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (_holdsTurn)
        {
            // Half a message was sent and cannot be taken back.
            channel.Abort();
            channel.End();
        }
    }
}
