using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Muxing;

/// <summary>
/// Frames on their way out, gathered while the connection is busy and written together. Data waits for room; control frames always find
/// some, until a peer that reads nothing has let too many gather.
/// </summary>
internal sealed class YamuxOutbox(IDuplex connection, TimeProvider time)
{
    private const int DataRoom = 128 * 1024;
    private const int ControlRoom = 64 * 1024;
    private readonly Lock _gate = new();
    private readonly Signal _work = new();
    private readonly Signal _room = new();
    private byte[] _gathering = new byte[4096];
    private byte[] _leaving = new byte[4096];
    private int _size;
    private long _writeStarted;
    private bool _writing;
    private bool _last;
    private bool _closed;

    /// <summary>How long the write under way has been waiting; zero where there is none.</summary>
    public TimeSpan Stalled
    {
        get
        {
            lock (_gate)
            {
                return _writing ? time.GetElapsedTime(_writeStarted) : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Adds a frame without data; false where too many wait, or after the end.</summary>
    public bool TryControl(YamuxHeader header)
    {
        lock (_gate)
        {
            if (_closed || _size > DataRoom + ControlRoom)
            {
                return false;
            }

            Append(header, default);
            return true;
        }
    }

    /// <summary>Adds a data frame, waiting for room.</summary>
    /// <exception cref="Libp2pException">The session ended.</exception>
    public async ValueTask DataAsync(YamuxHeader header, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                if (_closed)
                {
                    throw new Libp2pException(Libp2pFailure.ConnectionClosed, "the connection ended");
                }

                if (_size + YamuxHeader.Size + data.Length <= DataRoom)
                {
                    Append(header, data.Span);
                    return;
                }

                wait = _room.Wait(cancellation);
            }

            await wait;
        }
    }

    /// <summary>Writes what gathers, until <see cref="Close"/> or a failure of the connection.</summary>
    public async Task RunAsync()
    {
        while (true)
        {
            Task? wait = null;
            int size = 0;
            lock (_gate)
            {
                _writing = false;
                if (_closed)
                {
                    return;
                }

                if (_size > 0)
                {
                    (_gathering, _leaving) = (_leaving, _gathering);
                    (size, _size) = (_size, 0);
                    (_writing, _writeStarted) = (true, time.GetTimestamp());
                    _room.Raise();
                }
                else if (_last)
                {
                    return;
                }
                else
                {
                    wait = _work.Wait();
                }
            }

            if (wait is not null)
            {
                await wait;
                continue;
            }

            await connection.WriteAsync(_leaving.AsMemory(0, size), CancellationToken.None);
        }
    }

    /// <summary>Ends once what has gathered is written; <see cref="RunAsync"/> returns then.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            _last = true;
            _work.Raise();
        }
    }

    /// <summary>Ends at once.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _work.Raise();
            _room.Raise();
        }
    }

    private void Append(YamuxHeader header, ReadOnlySpan<byte> data)
    {
        int needed = _size + YamuxHeader.Size + data.Length;
        if (needed > _gathering.Length)
        {
            Array.Resize(ref _gathering, Math.Max(needed, Math.Min(_gathering.Length * 2, DataRoom + ControlRoom)));
        }

        header.Write(_gathering.AsSpan(_size));
        data.CopyTo(_gathering.AsSpan(_size + YamuxHeader.Size));
        _size = needed;
        _work.Raise();
    }
}
