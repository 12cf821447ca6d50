using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Negotiation;

/// <summary>
/// A stream on which one protocol is proposed without waiting: the proposal leaves with the first bytes written, and the answer is read
/// before the first bytes read (0-RTT). A refusal shows in reading.
/// </summary>
internal sealed class ProposedDuplex(IDuplex inner, string protocol) : IDuplex
{
    private byte[]? _opening = Multistream.Opening(protocol);
    private bool _confirmed;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        if (!_confirmed)
        {
            if (Interlocked.Exchange(ref _opening, null) is { } opening)
            {
                await inner.WriteAsync(opening, cancellation);
            }

            await Multistream.ConfirmAsync(inner, protocol, cancellation);
            _confirmed = true;
        }

        return await inner.ReadAsync(buffer, cancellation);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default) =>
        Interlocked.Exchange(ref _opening, null) is { } opening
            ? inner.WriteAsync((byte[])[.. opening, .. data.Span], cancellation)
            : inner.WriteAsync(data, cancellation);

    public async ValueTask CloseWriteAsync(CancellationToken cancellation = default)
    {
        if (Interlocked.Exchange(ref _opening, null) is { } opening)
        {
            await inner.WriteAsync(opening, cancellation);
        }

        await inner.CloseWriteAsync(cancellation);
    }

    public void Abort() => inner.Abort();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
