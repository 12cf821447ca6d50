using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Requests;

/// <summary>A stream that fails once reading or writing makes no progress for a while; a long transfer that moves on is no failure.</summary>
internal sealed class IdleDuplex(IDuplex inner, Libp2pHost host, TimeSpan idle) : IDuplex
{
    private const int Step = 64 * 1024;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        using Deadline deadline = host.DeadlineAfter(idle, cancellation);
        try
        {
            return await inner.ReadAsync(buffer, deadline.Token);
        }
        catch (OperationCanceledException error)
        {
            throw Libp2pHost.Plain(error, "nothing comes in time", cancellation);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default)
    {
        try
        {
            while (!data.IsEmpty)
            {
                using Deadline deadline = host.DeadlineAfter(idle, cancellation);
                int size = Math.Min(data.Length, Step);
                await inner.WriteAsync(data[..size], deadline.Token);
                data = data[size..];
            }
        }
        catch (OperationCanceledException error)
        {
            throw Libp2pHost.Plain(error, "nothing is read in time", cancellation);
        }
    }

    public async ValueTask CloseWriteAsync(CancellationToken cancellation = default)
    {
        using Deadline deadline = host.DeadlineAfter(idle, cancellation);
        try
        {
            await inner.CloseWriteAsync(deadline.Token);
        }
        catch (OperationCanceledException error)
        {
            throw Libp2pHost.Plain(error, "no answer in time", cancellation);
        }
    }

    public void Abort() => inner.Abort();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
