using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Gossip;

/// <summary>RPCs on their way to one peer: control first, messages within a bound. Thread-safe.</summary>
internal sealed class PeerOutbox(int limit)
{
    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _control = new();
    private readonly Queue<byte[]> _messages = new();
    private readonly Signal _changed = new();
    private int _controlBytes;
    private int _messageBytes;
    private bool _closed;

    /// <summary>False where control alone passes the bound: the peer reads nothing.</summary>
    public bool TryControl(byte[] frame)
    {
        lock (_gate)
        {
            if (_closed || _controlBytes + frame.Length > limit)
            {
                return _closed;
            }

            _control.Enqueue(frame);
            _controlBytes += frame.Length;
            _changed.Raise();
            return true;
        }
    }

    /// <summary>False where too much waits: the message is left out.</summary>
    public bool TryMessage(byte[] frame)
    {
        lock (_gate)
        {
            if (_closed || _messageBytes + frame.Length > limit)
            {
                return false;
            }

            _messages.Enqueue(frame);
            _messageBytes += frame.Length;
            _changed.Raise();
            return true;
        }
    }

    /// <summary>The next frame; null once closed.</summary>
    public async ValueTask<byte[]?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                if (_closed)
                {
                    return null;
                }

                if (_control.TryDequeue(out byte[]? control))
                {
                    _controlBytes -= control.Length;
                    return control;
                }

                if (_messages.TryDequeue(out byte[]? message))
                {
                    _messageBytes -= message.Length;
                    return message;
                }

                wait = _changed.Wait(cancellation);
            }

            await wait;
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _control.Clear();
            _messages.Clear();
            _changed.Raise();
        }
    }
}
