namespace Kimura.Grains.Leader;

/// <summary>
/// Ticks on a fixed grid from the moment of its making: what a tick costs does not move the next one, and ticks that were missed are
/// left out.
/// </summary>
internal sealed class BlockCadence(TimeProvider time, TimeSpan interval)
{
    private readonly long _start = time.GetTimestamp();
    private long _next = 1;

    /// <summary>The time until the next tick; every call moves on by at least one.</summary>
    public TimeSpan UntilNext()
    {
        var elapsed = time.GetElapsedTime(_start);
        _next = Math.Max(_next, (elapsed.Ticks / interval.Ticks) + 1);
        var due = (interval * _next) - elapsed;
        _next++;

        // Timers count whole milliseconds and cut the rest off: rounded up, none fires before its tick.
        return TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(due.TotalMilliseconds)));
    }
}
