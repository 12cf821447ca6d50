namespace Kimura.Libp2p.Transports;

/// <summary>One direction of a connection in memory; a writer waits while <see cref="Capacity"/> bytes are unread.</summary>
internal sealed class MemoryPipe
{
    private const int Capacity = 256 * 1024;
    private readonly Lock _gate = new();
    private readonly ByteQueue _bytes = new();
    private readonly Signal _changed = new();
    private bool _ended;
    private bool _broken;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                if (_broken)
                {
                    throw Broken();
                }

                if (_bytes.Count > 0)
                {
                    int size = _bytes.Take(buffer.Span);
                    _changed.Raise();
                    return size;
                }

                if (_ended)
                {
                    return 0;
                }

                wait = _changed.Wait(cancellation);
            }

            await wait;
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        while (!data.IsEmpty)
        {
            Task wait;
            lock (_gate)
            {
                if (_broken || _ended)
                {
                    throw Broken();
                }

                int size = Math.Min(data.Length, Capacity - _bytes.Count);
                if (size > 0)
                {
                    _bytes.Append(data.Span[..size]);
                    data = data[size..];
                    _changed.Raise();
                    continue;
                }

                wait = _changed.Wait(cancellation);
            }

            await wait;
        }
    }

    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            _changed.Raise();
        }
    }

    public void Break()
    {
        lock (_gate)
        {
            _broken = true;
            _bytes.Clear();
            _changed.Raise();
        }
    }

    private static Libp2pException Broken() => new(Libp2pFailure.ConnectionClosed, "the connection ended");
}
