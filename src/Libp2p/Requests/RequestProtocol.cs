using System.Runtime.CompilerServices;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Requests;

/// <summary>Answers a request item by item. Throwing resets the stream.</summary>
public delegate IAsyncEnumerable<ReadOnlyMemory<byte>> RequestHandler(
    PeerId peer, ReadOnlyMemory<byte> request, CancellationToken cancellation);

/// <summary>
/// A request/response protocol: one request a stream, as a frame behind a uvarint length; any number of such frames come back, then the
/// end. Thread-safe.
/// </summary>
public sealed class RequestProtocol(Libp2pHost host, string protocol, RequestOptions options)
{
    /// <summary>Serves the protocol on this host.</summary>
    public void Serve(RequestHandler handler) =>
        host.Handle(protocol, (connection, stream, stop) => AnswerAsync(connection, stream, handler, stop), options.Streams);

    /// <summary>Asks a connected peer; the items come as they arrive.</summary>
    /// <exception cref="ArgumentException">The request is larger than the limit.</exception>
    /// <exception cref="Libp2pException">Not connected, refused, cut short, too long or too large.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> AskAsync(
        PeerId peer, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        if (request.Length > options.MaxRequest)
        {
            throw new ArgumentException($"A request has at most {options.MaxRequest} bytes.", nameof(request));
        }

        using Deadline total = host.DeadlineAfter(options.TotalDeadline, cancellation);
        await using IdleDuplex stream = Timed(await host.OpenStreamAsync(peer, [protocol], total.Token));
        await SendAsync(stream, request, total.Token, cancellation);
        long bytes = 0;
        for (int count = 0; await NextAsync(stream, total.Token, cancellation) is { } item; count++)
        {
            bytes += item.Length;
            if (count == options.MaxItems || bytes > options.MaxTotal)
            {
                throw new Libp2pException(Libp2pFailure.LimitExceeded, "a response is larger than allowed");
            }

            yield return item;
        }
    }

    /// <summary>Asks a connected peer for exactly one item.</summary>
    /// <exception cref="Libp2pException">As <see cref="AskAsync"/>, or there was none or more than one.</exception>
    public async Task<ReadOnlyMemory<byte>> AskOneAsync(PeerId peer, ReadOnlyMemory<byte> request, CancellationToken cancellation = default)
    {
        ReadOnlyMemory<byte>? answer = null;
        await foreach (ReadOnlyMemory<byte> item in AskAsync(peer, request, cancellation))
        {
            answer = answer is null ? item : throw new Libp2pException(Libp2pFailure.ProtocolViolation, "more than one item came back");
        }

        return answer ?? throw new Libp2pException(Libp2pFailure.ProtocolViolation, "nothing came back");
    }

    private async Task AnswerAsync(PeerConnection connection, IDuplex stream, RequestHandler handler, CancellationToken stop)
    {
        using Deadline total = host.DeadlineAfter(options.TotalDeadline, stop);
        await using IdleDuplex timed = Timed(stream);
        byte[] request = await timed.ReadFrameAsync(options.MaxRequest, total.Token)
            ?? throw new Libp2pException(Libp2pFailure.ProtocolViolation, "no request came");
        await foreach (ReadOnlyMemory<byte> item in handler(connection.Peer, request, total.Token).WithCancellation(total.Token))
        {
            await timed.WriteAsync(RequestOptions.Frame(item.Span), total.Token);
        }

        await timed.CloseWriteAsync(total.Token);
    }

    private IdleDuplex Timed(IDuplex stream) => new(stream, host.Time, options.IdleDeadline);

    private static async Task SendAsync(IdleDuplex stream, ReadOnlyMemory<byte> request, CancellationToken total, CancellationToken caller)
    {
        try
        {
            await stream.WriteAsync(RequestOptions.Frame(request.Span), total);
            await stream.CloseWriteAsync(total);
        }
        catch (OperationCanceledException error)
        {
            throw Libp2pHost.Plain(error, "the request was not taken in time", caller);
        }
    }

    private async Task<byte[]?> NextAsync(IdleDuplex stream, CancellationToken total, CancellationToken caller)
    {
        try
        {
            return await stream.ReadFrameAsync(options.MaxItem, total);
        }
        catch (OperationCanceledException error)
        {
            throw Libp2pHost.Plain(error, "the response was not complete in time", caller);
        }
    }
}
