namespace Kimura.Libp2p.Muxing;

/// <content>What the session brings.</content>
internal sealed partial class YamuxStream
{
    /// <summary>False where the data is more than was granted: checked before it is taken.</summary>
    public bool Announced(uint length)
    {
        lock (_gate)
        {
            if (length > (uint)_granted)
            {
                return false;
            }

            _granted -= (int)length;
            _arriving += (int)length;
            return true;
        }
    }

    /// <summary>Data that was announced; false where the stream no longer wants it.</summary>
    public bool Receive(ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            _arriving -= data.Length;
            if (_failure != Libp2pFailure.Unspecified || _remoteEnded || _discarding)
            {
                return false;
            }

            _received.Append(data);
            _changed.Raise();
            return true;
        }
    }

    /// <summary>False where the window would pass 32 bits.</summary>
    public bool Enlarge(uint delta)
    {
        lock (_gate)
        {
            _sendWindow += delta;
            _changed.Raise();
            return _sendWindow <= uint.MaxValue;
        }
    }

    public void RemoteEnded()
    {
        bool both;
        lock (_gate)
        {
            _remoteEnded = true;
            both = _localEnded;
            _changed.Raise();
        }

        if (both)
        {
            session.Forget(this);
        }
    }
}
