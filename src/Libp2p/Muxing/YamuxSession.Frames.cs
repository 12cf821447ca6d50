using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Muxing;

/// <content>What comes in, and the regular beat.</content>
internal sealed partial class YamuxSession
{
    private uint _pingValue;
    private long _pingSent;
    private bool _pingWaiting;
    private int _pingsThisBeat;
    private int _opensThisBeat;
    private int _fruitlessThisBeat;
    private long _lastReceived;
    private long _goodbyeSaid;

    private static Libp2pException Violation(string message) => new(Libp2pFailure.ProtocolViolation, message);

    private async Task ReadLoopAsync()
    {
        byte[] header = new byte[YamuxHeader.Size];
        byte[] chunk = new byte[ReadChunk];
        while (await _connection.TryReadExactlyAsync(header, CancellationToken.None))
        {
            Volatile.Write(ref _lastReceived, Time.GetTimestamp());
            if (!YamuxHeader.TryRead(header, out YamuxHeader frame))
            {
                throw Violation("not a Yamux frame");
            }

            switch (frame.Type)
            {
                case YamuxType.Ping:
                    OnPing(frame);
                    break;
                case YamuxType.GoAway:
                    OnGoAway(frame);
                    break;
                default:
                    await OnStreamFrameAsync(frame, chunk);
                    break;
            }
        }
    }

    private async ValueTask OnStreamFrameAsync(YamuxHeader frame, byte[] chunk)
    {
        YamuxStream? stream = frame.Flags.HasFlag(YamuxFlags.Syn) ? Admit(frame) : Find(frame);
        bool data = frame.Type == YamuxType.Data;
        if (data && frame.Length > 0)
        {
            await TakeDataAsync(stream, frame.Length, chunk);
        }
        else if (!data && stream is not null && !stream.Enlarge(frame.Length))
        {
            throw Violation("a window passed 32 bits");
        }

        if (stream is not null && frame.Flags.HasFlag(YamuxFlags.Fin))
        {
            stream.RemoteEnded();
        }

        if (frame.Flags.HasFlag(YamuxFlags.Rst))
        {
            Require(++_fruitlessThisBeat <= Options.MaxFruitlessPerBeat, "too many streams are reset");
            if (stream is not null)
            {
                _ = stream.Fail(Libp2pFailure.StreamReset);
                Forget(stream);
            }
        }

        if (stream is not null && frame.Flags.HasFlag(YamuxFlags.Syn) && !frame.Flags.HasFlag(YamuxFlags.Rst))
        {
            _onInbound(stream);
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new Libp2pException(Libp2pFailure.LimitExceeded, otherwise);
        }
    }

    private async ValueTask TakeDataAsync(YamuxStream? stream, uint length, byte[] chunk)
    {
        if (stream is not null && !stream.Announced(length))
        {
            throw Violation("more data than the window allows");
        }

        // Late data of streams that are gone is legal, within what a window can have been.
        if (stream is null && length > (uint)Options.MaxWindow)
        {
            throw Violation("more data than any window allows");
        }

        for (uint left = length; left > 0;)
        {
            Memory<byte> part = chunk.AsMemory(0, (int)Math.Min(left, (uint)chunk.Length));
            await _connection.ReadExactlyAsync(part, CancellationToken.None);
            Volatile.Write(ref _lastReceived, Time.GetTimestamp());
            left -= (uint)part.Length;
            if (stream is not null)
            {
                long held = Interlocked.Add(ref _buffered, part.Length);
                bool room = Options.Budget?.TryTake(part.Length, held) ?? true;
                if (!room || held > Options.MaxBuffered)
                {
                    Consumed(part.Length);
                    throw new Libp2pException(Libp2pFailure.LimitExceeded, "too much data is unread");
                }

                if (!stream.Receive(part.Span))
                {
                    Consumed(part.Length);
                    stream.AbortIfAbandoned();
                }
            }
        }
    }

    /// <summary>A new stream from the other side; null where there are too many, which are reset.</summary>
    private YamuxStream? Admit(YamuxHeader frame)
    {
        Require(++_opensThisBeat <= Options.MaxOpensPerBeat, "too many streams are opened");
        YamuxStream? stream = null;
        lock (_gate)
        {
            if (frame.Stream == 0 || (frame.Stream & 1) == (_nextId & 1) || _streams.ContainsKey(frame.Stream))
            {
                throw Violation("a stream is opened with a number that the other side cannot give");
            }

            if (!_closed && !_goingAway && _inbound < Options.MaxInboundStreams)
            {
                stream = new YamuxStream(this, frame.Stream, inbound: true);
                _streams.Add(frame.Stream, stream);
                _inbound++;
            }
        }

        Require(stream is not null || ++_fruitlessThisBeat <= Options.MaxFruitlessPerBeat, "too many streams are opened");
        SendWindowUpdate(frame.Stream, 0, stream is null ? YamuxFlags.Rst : YamuxFlags.Ack);
        return stream;
    }

    private YamuxStream? Find(YamuxHeader frame)
    {
        if (frame.Stream == 0)
        {
            throw Violation("data on stream 0");
        }

        lock (_gate)
        {
            YamuxStream? stream = _streams.GetValueOrDefault(frame.Stream);
            if (stream is { Inbound: false, Acknowledged: false } && (frame.Flags & (YamuxFlags.Ack | YamuxFlags.Rst)) != YamuxFlags.None)
            {
                stream.Acknowledged = true;
                _unacknowledged--;
            }

            return stream;
        }
    }

    private void OnPing(YamuxHeader frame)
    {
        Require(++_pingsThisBeat <= Options.MaxPingsPerBeat, "too many pings");
        switch (frame)
        {
            case { Stream: 0, Flags: YamuxFlags.Syn }:
                Require(_outbox.TryControl(frame with { Flags = YamuxFlags.Ack }), "the other side reads nothing");
                break;
            case { Stream: 0, Flags: YamuxFlags.Ack }:
                if (_pingWaiting && frame.Length == _pingValue)
                {
                    _pingWaiting = false;
                    RoundTrip = Time.GetElapsedTime(_pingSent);
                }

                break;
            default:
                throw Violation("neither a ping nor its answer");
        }
    }

    private void OnGoAway(YamuxHeader frame)
    {
        if (frame.Stream != 0)
        {
            throw Violation("a goodbye on a stream");
        }

        lock (_gate)
        {
            _goodbyeSaid = _goingAway ? _goodbyeSaid : Time.GetTimestamp();
            _goingAway = true;
        }

        if (frame.Length != (uint)YamuxGoAway.Normal)
        {
            throw new Libp2pException(Libp2pFailure.ConnectionClosed, $"the other side ended the session with code {frame.Length}");
        }
    }

    /// <summary>Pings, and ends a session whose other side neither answers nor reads.</summary>
    private async Task BeatAsync()
    {
        TimeSpan sinceLast = Options.KeepAlive;
        while (true)
        {
            if (sinceLast >= Options.KeepAlive && !_pingWaiting)
            {
                sinceLast = TimeSpan.Zero;
                _pingValue = unchecked(_pingValue + 1);
                _pingSent = Time.GetTimestamp();
                _pingWaiting = true;
                Require(_outbox.TryControl(new YamuxHeader(YamuxType.Ping, YamuxFlags.Syn, 0, _pingValue)), "the other side reads nothing");
            }

            await Task.Delay(Options.Beat, Time, _ending.Token);
            sinceLast += Options.Beat;
            AbandonLingering();
            (_pingsThisBeat, _opensThisBeat, _fruitlessThisBeat) = (0, 0, 0);

            // An answer may be held up behind much data on a slow line: what comes in shows life too.
            bool silent = _pingWaiting
                && Time.GetElapsedTime(_pingSent) > Options.StallLimit
                && Time.GetElapsedTime(Volatile.Read(ref _lastReceived)) > Options.StallLimit;
            if (_outbox.Stalled > Options.StallLimit || silent)
            {
                throw new Libp2pException(Libp2pFailure.TimedOut, "the other side neither reads nor answers");
            }

            if (GoodbyeIsOver())
            {
                return;
            }
        }
    }

    /// <summary>
    /// True where the other side has said goodbye and all is done, or has had its time: a connection that can open no streams must not
    /// stand in the way of a new one.
    /// </summary>
    private bool GoodbyeIsOver()
    {
        lock (_gate)
        {
            return _goingAway && (_streams.Count == 0 || Time.GetElapsedTime(_goodbyeSaid) > Options.Goodbye);
        }
    }

    /// <summary>Streams that are closed here, and whose other side does not end them, are reset after a while.</summary>
    private void AbandonLingering()
    {
        List<YamuxStream> lingering;
        lock (_gate)
        {
            lingering = [.. _streams.Values.Where(stream => stream.LingersLongerThan(Options.StallLimit))];
        }

        lingering.ForEach(stream => stream.Abort());
    }
}
