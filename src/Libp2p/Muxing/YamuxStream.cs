using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Muxing;

/// <summary>A stream of a session. Its state is guarded by one lock; what it sends goes through the session.</summary>
internal sealed partial class YamuxStream(YamuxSession session, uint id, bool inbound) : IDuplex
{
    private readonly Lock _gate = new();
    private readonly Signal _changed = new();
    private readonly ByteQueue _received = new();
    private ulong _sendWindow = YamuxOptions.InitialWindow;
    private int _granted = YamuxOptions.InitialWindow;
    private int _arriving;
    private int _windowSize = YamuxOptions.InitialWindow;
    private long _lastGrant = session.Time.GetTimestamp();
    private bool _remoteEnded;
    private bool _localEnded;
    private bool _discarding;
    private long _discardingSince;
    private Libp2pFailure _failure;

    public uint Id => id;

    public bool Inbound => inbound;

    /// <summary>For a stream opened here: the other side has shown that it knows it. Used under the session's lock.</summary>
    public bool Acknowledged { get; set; }

    /// <summary>What the receive window has grown by.</summary>
    public int Grown => Volatile.Read(ref _windowSize) - YamuxOptions.InitialWindow;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        while (true)
        {
            Task wait;
            int taken = 0, grant = 0;
            lock (_gate)
            {
                ThrowIfFailed();
                if (_received.Count > 0)
                {
                    taken = _received.Take(buffer.Span);
                    grant = Grant();
                }
                else if (_remoteEnded || buffer.IsEmpty)
                {
                    return 0;
                }

                wait = taken > 0 ? Task.CompletedTask : _changed.Wait(cancellation);
            }

            if (taken > 0)
            {
                session.Consumed(taken);
                if (grant > 0)
                {
                    session.SendWindowUpdate(id, (uint)grant, YamuxFlags.None);
                }

                return taken;
            }

            await wait;
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default)
    {
        while (!data.IsEmpty)
        {
            Task? wait = null;
            int size = 0;
            lock (_gate)
            {
                ThrowIfFailed();
                if (_localEnded)
                {
                    throw new Libp2pException(Libp2pFailure.StreamReset, "the stream's writing side is closed");
                }

                size = (int)Math.Min(_sendWindow, (ulong)Math.Min(data.Length, session.Options.MaxFrame));
                _sendWindow -= (ulong)size;
                if (size == 0)
                {
                    wait = _changed.Wait(cancellation);
                }
            }

            if (wait is not null)
            {
                await wait;
                continue;
            }

            await SendAsync(data[..size], cancellation);
            data = data[size..];
        }
    }

    public ValueTask CloseWriteAsync(CancellationToken cancellation = default)
    {
        bool both;
        lock (_gate)
        {
            if (_localEnded || _failure != Libp2pFailure.Unspecified)
            {
                return ValueTask.CompletedTask;
            }

            _localEnded = true;
            both = _remoteEnded;
        }

        session.SendWindowUpdate(id, 0, YamuxFlags.Fin);
        if (both)
        {
            session.Forget(this);
        }

        return ValueTask.CompletedTask;
    }

    public void Abort()
    {
        if (Fail(Libp2pFailure.StreamReset))
        {
            session.SendWindowUpdate(id, 0, YamuxFlags.Rst);
            session.Forget(this);
        }
    }

    /// <summary>
    /// A stream that is closed here but not by the other side lingers, its data discarded: a reset could overtake what was written. An
    /// answer that nobody reads to its end is reset.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        bool lingers;
        int unread;
        lock (_gate)
        {
            lingers = _localEnded && (inbound || _received.Count == 0);

            // Given back in any case: a stream that both sides have ended is not failed by the reset below.
            unread = _received.Count;
            _received.Clear();
            _discarding = true;
            _discardingSince = session.Time.GetTimestamp();
        }

        session.Consumed(unread);
        if (!lingers)
        {
            Abort();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Data came for a stream opened here whose reader has left: the other side may stop.</summary>
    public void AbortIfAbandoned()
    {
        bool abandoned;
        lock (_gate)
        {
            abandoned = _discarding && !inbound;
        }

        if (abandoned)
        {
            Abort();
        }
    }

    public bool LingersLongerThan(TimeSpan limit)
    {
        lock (_gate)
        {
            return _discarding && session.Time.GetElapsedTime(_discardingSince) > limit;
        }
    }

    /// <summary>Ends both directions; false where they had ended before.</summary>
    public bool Fail(Libp2pFailure failure)
    {
        int unread;
        lock (_gate)
        {
            if (_failure != Libp2pFailure.Unspecified || (_remoteEnded && _localEnded))
            {
                return false;
            }

            _failure = failure;
            unread = _received.Count;
            _received.Clear();
            _changed.Raise();
        }

        session.Consumed(unread);
        return true;
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        try
        {
            await session.SendDataAsync(id, data, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Nothing was sent, so the other side still has the room.
            lock (_gate)
            {
                _sendWindow += (ulong)data.Length;
                _changed.Raise();
            }

            throw;
        }
    }

    /// <summary>What to grant after reading: at half a window, and more where a window is used up within a few round trips.</summary>
    private int Grant()
    {
        int open = _windowSize - _received.Count - _arriving - _granted;
        if (_remoteEnded || open < _windowSize / 2)
        {
            return 0;
        }

        TimeSpan since = session.Time.GetElapsedTime(_lastGrant);
        if (_windowSize < session.Options.MaxWindow && since < session.RoundTrip * 4 && session.TryGrow(_windowSize))
        {
            open += _windowSize;
            _windowSize *= 2;
        }

        _lastGrant = session.Time.GetTimestamp();
        _granted += open;
        return open;
    }

    private void ThrowIfFailed()
    {
        if (_failure != Libp2pFailure.Unspecified)
        {
            throw new Libp2pException(_failure, _failure == Libp2pFailure.StreamReset ? "the stream was reset" : "the connection ended");
        }
    }
}
