namespace Kimura.Libp2p.Connections;

/// <summary>Something that may be done so often at once, and so often a second for long (a token bucket). Thread-safe.</summary>
internal sealed class Allowance(int atOnce, double perSecond, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _left = atOnce;
    private long _last = time.GetTimestamp();

    /// <summary>Takes one or more; false where there are not enough left.</summary>
    public bool TryTake(int count = 1)
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            _left = Math.Min(atOnce, _left + (time.GetElapsedTime(_last, now).TotalSeconds * perSecond));
            _last = now;
            if (_left < count)
            {
                return false;
            }

            _left -= count;
            return true;
        }
    }
}
