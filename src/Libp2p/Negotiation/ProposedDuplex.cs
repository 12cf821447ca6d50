using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Negotiation;

/// <summary>
/// A stream on which one protocol is proposed without waiting: the proposal leaves with the first bytes written, and the answer is read
/// before the first bytes read (0-RTT). A refusal shows in reading, or in closing: the end is sent after the answer only, because
/// js-libp2p's handlers miss an end that comes before them.
/// </summary>
internal sealed class ProposedDuplex(IDuplex inner, string protocol) : IDuplex
{
    private readonly Lock _gate = new();
    private byte[]? _opening = Multistream.Opening(protocol);
    private Task? _confirming;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        await ConfirmedAsync(cancellation);
        return await inner.ReadAsync(buffer, cancellation);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default) =>
        Interlocked.Exchange(ref _opening, null) is { } opening
            ? inner.WriteAsync((byte[])[.. opening, .. data.Span], cancellation)
            : inner.WriteAsync(data, cancellation);

    public async ValueTask CloseWriteAsync(CancellationToken cancellation = default)
    {
        await ConfirmedAsync(cancellation);
        await inner.CloseWriteAsync(cancellation);
    }

    public void Abort() => inner.Abort();

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private Task ConfirmedAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            return _confirming ??= ConfirmAsync(cancellation);
        }
    }

    private async Task ConfirmAsync(CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _opening, null) is { } opening)
        {
            await inner.WriteAsync(opening, cancellation);
        }

        await Multistream.ConfirmAsync(inner, protocol, cancellation);
    }
}
