using System.Diagnostics.CodeAnalysis;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Muxing;

/// <summary>
/// Yamux over one connection (libp2p/specs, yamux): streams both ways, flow control, keep-alive. What the other side may make us hold is
/// bounded, and checked before it is taken. Thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer to free, and Abort may come at any time.")]
internal sealed partial class YamuxSession
{
    private const int ReadChunk = 16 * 1024;
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, YamuxStream> _streams = [];
    private readonly IDuplex _connection;
    private readonly YamuxOutbox _outbox;
    private readonly Action<YamuxStream> _onInbound;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private uint _nextId;
    private int _inbound;
    private int _unacknowledged;
    private long _buffered;
    private long _grown;
    private bool _goingAway;
    private bool _closed;
    private Libp2pException? _cause;

    public YamuxSession(IDuplex connection, bool client, YamuxOptions options, TimeProvider time, Action<YamuxStream> onInbound)
    {
        (_connection, Options, Time, _onInbound) = (connection, options, time, onInbound);
        _outbox = new YamuxOutbox(connection, time);
        _nextId = client ? 1u : 2u;
    }

    public YamuxOptions Options { get; }

    public TimeProvider Time { get; }

    /// <summary>The last measured time to the other side and back; zero before the first.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>Ends with the session; never fails.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Why the session ended, where it was not by agreement.</summary>
    public Libp2pException? Cause => _cause;

    /// <summary>Streams open now.</summary>
    public int StreamCount
    {
        get
        {
            lock (_gate)
            {
                return _streams.Count;
            }
        }
    }

    /// <summary>True once no stream can be opened any more.</summary>
    public bool Closing => Volatile.Read(ref _closed) || Volatile.Read(ref _goingAway);

    /// <summary>Runs the session until it ends. To be called once, on the scheduler that it is to stay on.</summary>
    public async Task RunAsync()
    {
        try
        {
            Task writing = EndWithAsync(_outbox.RunAsync()), beating = EndWithAsync(BeatAsync());
            await EndWithAsync(ReadLoopAsync());
            await writing;
            await beating;
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    /// <summary>Opens a stream; it can be written to at once.</summary>
    /// <exception cref="Libp2pException">The session has ended or is ending, or too many streams are not acknowledged.</exception>
    public YamuxStream Open()
    {
        YamuxStream stream;
        lock (_gate)
        {
            if (_closed || _goingAway)
            {
                throw new Libp2pException(Libp2pFailure.ConnectionClosed, "the connection is ending");
            }

            if (_unacknowledged >= Options.MaxUnacknowledged || _nextId > uint.MaxValue - 2)
            {
                throw new Libp2pException(Libp2pFailure.LimitExceeded, "the other side acknowledges no streams");
            }

            stream = new YamuxStream(this, _nextId, inbound: false);

            // Under the lock, so that streams appear to the other side in the order of their numbers.
            if (!_outbox.TryControl(new YamuxHeader(YamuxType.WindowUpdate, YamuxFlags.Syn, stream.Id, 0)))
            {
                throw new Libp2pException(Libp2pFailure.LimitExceeded, "the other side reads nothing");
            }

            _streams.Add(_nextId, stream);
            _nextId += 2;
            _unacknowledged++;
        }

        return stream;
    }

    /// <summary>Ends at once.</summary>
    public void Abort(Libp2pException? cause)
    {
        List<YamuxStream> streams;
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            _cause ??= cause;
            streams = [.. _streams.Values];
            _streams.Clear();
        }

        _outbox.Close();
        _connection.Abort();
        _ending.Cancel();
        foreach (YamuxStream stream in streams)
        {
            _ = stream.Fail(Libp2pFailure.ConnectionClosed);
        }
    }

    internal void SendWindowUpdate(uint stream, uint delta, YamuxFlags flags)
    {
        if (!_outbox.TryControl(new YamuxHeader(YamuxType.WindowUpdate, flags, stream, delta)))
        {
            Abort(new Libp2pException(Libp2pFailure.LimitExceeded, "the other side reads nothing"));
        }
    }

    internal ValueTask SendDataAsync(uint stream, ReadOnlyMemory<byte> data, CancellationToken cancellation) =>
        _outbox.DataAsync(new YamuxHeader(YamuxType.Data, YamuxFlags.None, stream, (uint)data.Length), data, cancellation);

    internal void Consumed(int bytes)
    {
        Interlocked.Add(ref _buffered, -bytes);
        Options.Budget?.Give(bytes);
    }

    /// <summary>True where a window may grow by so much: all that is grown stays within the limit for the connection.</summary>
    internal bool TryGrow(int by)
    {
        if (Interlocked.Add(ref _grown, by) <= Options.MaxBuffered / 2)
        {
            return true;
        }

        Interlocked.Add(ref _grown, -by);
        return false;
    }

    internal void Forget(YamuxStream stream)
    {
        lock (_gate)
        {
            if (_streams.Remove(stream.Id))
            {
                _inbound -= stream.Inbound ? 1 : 0;
                _unacknowledged -= stream.Inbound || stream.Acknowledged ? 0 : 1;
                stream.Acknowledged = true;
                Interlocked.Add(ref _grown, -stream.Grown);
            }
        }
    }

    /// <summary>Whatever ends first ends the rest.</summary>
    private async Task EndWithAsync(Task part)
    {
        try
        {
            await part;
            Abort(null);
        }
        catch (Libp2pException error)
        {
            if (error.Failure is Libp2pFailure.ProtocolViolation or Libp2pFailure.LimitExceeded)
            {
                // Before the goodbye, whose writing ends the session too.
                _ = Interlocked.CompareExchange(ref _cause, error, null);
                await FarewellAsync();
            }

            Abort(error);
        }
        catch (OperationCanceledException)
        {
            Abort(null);
        }
        catch (Exception error)
        {
            // A bug, told to whoever runs the session; all of it ends nevertheless.
            Abort(new Libp2pException(Libp2pFailure.ConnectionClosed, error.Message, error));
            throw;
        }
    }

    /// <summary>Tries to tell the other side that it broke the rules.</summary>
    private async Task FarewellAsync()
    {
        if (_outbox.TryControl(new YamuxHeader(YamuxType.GoAway, YamuxFlags.None, 0, (uint)YamuxGoAway.ProtocolError)))
        {
            _outbox.Finish();
            await Task.Yield();
        }
    }
}
