namespace Kimura.Libp2p.Gossip;

/// <summary>Messages seen lately: by time, and bounded in number. Not thread-safe.</summary>
internal sealed class SeenCache(TimeSpan keep, int limit)
{
    private readonly Queue<(MessageKey Key, DateTimeOffset Until)> _order = new();
    private readonly HashSet<MessageKey> _keys = [];

    public bool Contains(MessageKey key) => _keys.Contains(key);

    public bool Add(MessageKey key, DateTimeOffset now)
    {
        if (!_keys.Add(key))
        {
            return false;
        }

        _order.Enqueue((key, now + keep));
        if (_order.Count > limit)
        {
            _keys.Remove(_order.Dequeue().Key);
        }

        return true;
    }

    public void Expire(DateTimeOffset now)
    {
        while (_order.TryPeek(out (MessageKey Key, DateTimeOffset Until) oldest) && oldest.Until <= now)
        {
            _keys.Remove(_order.Dequeue().Key);
        }
    }
}
