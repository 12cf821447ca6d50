using Kimura.Libp2p;
using Kimura.Libp2p.Transports;
using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Links;

/// <summary>
/// One direction of a connection: segments on their way, each with a time of its own, put in order again where they arrive. A writer waits while
/// a window of bytes is not yet read.
/// </summary>
internal sealed class Stream(Network network, Machine from, Life reader, Machine to, Action onRefused)
{
    private const int Window = 256 * 1024;

    private readonly ByteQueue _arrived = new();
    private readonly Signal _changed = new();
    private readonly Signal _room = new();
    private SortedList<long, Segment>? _early;
    private long _sent;
    private long _received;
    private int _unread;
    private bool _isEnded;
    private bool _hasEndArrived;
    private bool _isReaderBroken;
    private bool _isWriterBroken;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        network.World.RequireHere("a link was read");
        while (true)
        {
            if (_isReaderBroken)
            {
                throw Broken();
            }

            if (_arrived.Count > 0)
            {
                var size = _arrived.Take(buffer.Span);
                _unread -= size;
                _room.Raise();
                return size;
            }

            if (_hasEndArrived)
            {
                return 0;
            }

            await _changed.Wait(cancellation);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        network.World.RequireHere("a link was written to");
        while (!data.IsEmpty)
        {
            if (_isWriterBroken || _isEnded)
            {
                throw Broken();
            }

            var size = Math.Min(data.Length, Window - _unread);
            if (size > 0)
            {
                _unread += size;
                Send(new Segment(this, _sent, data[..size].ToArray()));
                data = data[size..];
                continue;
            }

            await _room.Wait(cancellation);
        }
    }

    public void End()
    {
        if (!_isEnded && !_isWriterBroken)
        {
            _isEnded = true;
            Send(new Segment(this, _sent, null));
        }
    }

    public void BreakReader()
    {
        _isReaderBroken = true;
        _arrived.Clear();
        _early = null;
        _changed.Raise();
    }

    public void BreakWriter()
    {
        _isWriterBroken = true;
        _room.Raise();
    }

    private void Send(Segment segment)
    {
        _sent += segment.Length;
        Transmit(segment);
    }

    private void Transmit(Segment segment)
    {
        if (_isWriterBroken)
        {
            return;
        }

        var weather = network.Between(from, to);
        if (weather.Carry(network.World, network.Random, segment.Length) is not { } time)
        {
            Again(segment);
            return;
        }

        network.World.Enter(segment, network.World.Now + time.Ticks);
        if (weather.Duplication > 0 && network.Random.Chance(weather.Duplication))
        {
            network.World.Enter(new Segment(this, segment.At, segment.Bytes), network.World.Now + (time + (weather.Jitter * network.Random.NextDouble())).Ticks);
        }
    }

    private void Again(Segment segment) => network.World.After(Weather.Retransmission(segment.Attempts++), () => Transmit(segment));

    private void Arrive(Segment segment)
    {
        if (_isReaderBroken || reader.IsOver)
        {
            // Nobody is there: the machine says so, if it runs; if it does not, the segment is sent again.
            if (to.HasPower && network.Between(to, from).Carry(network.World, network.Random, 0) is { } time)
            {
                network.World.After(time, onRefused);
            }
            else
            {
                Again(segment);
            }

            return;
        }

        network.World.Audit.Note(Kinds.Segment, (ulong)segment.At, segment.Bytes is { } bytes ? bytes.AsSpan(0, Math.Min(8, bytes.Length)) : default);
        if (segment.At > _received)
        {
            (_early ??= []).TryAdd(segment.At, segment);
            return;
        }

        if (segment.At < _received || _hasEndArrived)
        {
            return;
        }

        Append(segment);
        while (_early is { Count: > 0 } early && early.GetValueAtIndex(0) is var next && next.At <= _received)
        {
            early.RemoveAt(0);
            if (next.At == _received)
            {
                Append(next);
            }
        }

        _changed.Raise();
    }

    private void Append(Segment segment)
    {
        if (segment.Bytes is null)
        {
            _hasEndArrived = true;
            return;
        }

        _arrived.Append(segment.Bytes);
        _received += segment.Length;
    }

    private static Libp2pException Broken() => new(Libp2pFailure.ConnectionClosed, "the connection ended");

    // Without bytes: the end.
    private sealed class Segment(Stream stream, long at, byte[]? bytes) : Happening
    {
        public long At => at;

        public byte[]? Bytes => bytes;

        public int Length => bytes?.Length ?? 0;

        public int Attempts { get; set; }

        internal override void Happen() => stream.Arrive(this);
    }
}
