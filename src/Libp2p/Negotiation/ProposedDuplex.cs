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
    private TaskCompletionSource? _opened;
    private Task? _confirming;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        await ConfirmedAsync(cancellation);
        return await inner.ReadAsync(buffer, cancellation);
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default)
    {
        // A reader may be about to send the proposal itself: nothing may overtake it.
        if (await OpenAsync(data, cancellation) && !data.IsEmpty)
        {
            await inner.WriteAsync(data, cancellation);
        }
    }

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

    /// <summary>Sends the proposal and the data after it; true where the proposal was sent before, and the data is not sent.</summary>
    private async ValueTask<bool> OpenAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        if (Volatile.Read(ref _opened) is { Task.IsCompleted: true })
        {
            return true;
        }

        TaskCompletionSource mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _opened, mine, null) is { } others)
        {
            await others.Task;
            return true;
        }

        try
        {
            await inner.WriteAsync((byte[])[.. Multistream.Opening(protocol), .. data.Span], cancellation);
            return false;
        }
        finally
        {
            // Where it failed, the next call fails for the same reason.
            mine.SetResult();
        }
    }

    private async Task ConfirmAsync(CancellationToken cancellation)
    {
        _ = await OpenAsync(default, cancellation);
        await Multistream.ConfirmAsync(inner, protocol, cancellation);
    }
}
