namespace Kimura.Libp2p.Muxing;

/// <summary>
/// Unread bytes of all connections of a host together. Once there are too many, a connection that holds more than an equal share has to
/// go; who holds less is never ended for what others do. Thread-safe.
/// </summary>
/// <param name="limit">Most bytes.</param>
/// <param name="shares">Connections that the limit is shared among.</param>
internal sealed class BufferBudget(long limit, int shares)
{
    private long _held;

    /// <summary>Bytes held now.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>Takes bytes for a connection that then holds <paramref name="own"/>; false where that is too much.</summary>
    public bool TryTake(int bytes, long own) => Interlocked.Add(ref _held, bytes) <= limit || own <= limit / shares;

    public void Give(long bytes) => Interlocked.Add(ref _held, -bytes);
}
