namespace Kimura.Tests.Simulation.Engine;

/// <summary>
/// A process's clock: its wall time may be wrong and may jump, its monotonic time and its timers go with the world.
/// </summary>
internal sealed class SimClock(Life life, Func<TimeSpan> offset) : TimeProvider
{
    private static readonly DateTimeOffset Beginning = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        life.World.RequireHere("the clock was read");
        return Beginning + life.World.Time + offset();
    }

    // Never zero, which some take for "never".
    public override long GetTimestamp()
    {
        life.World.RequireHere("the clock was read");
        return life.World.Now + TimeSpan.TicksPerHour;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimTimer(callback, state) { Life = life };
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class SimTimer(TimerCallback callback, object? state) : Happening, ITimer
    {
        private TimeSpan _period;
        private bool _isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_isDisposed)
            {
                return false;
            }

            Life!.World.Remove(this);
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan && !Life.IsOver)
            {
                Life.World.Enter(this, Life.World.Now + Whole(dueTime));
            }

            return true;
        }

        public void Dispose()
        {
            // What a process left behind is disposed of by finalizers, at any time and on another thread: it is nothing any more.
            if (!Life!.IsOver && !Life.World.IsOver)
            {
                _isDisposed = true;
                Life.World.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        internal override void Happen()
        {
            if (_period > TimeSpan.Zero)
            {
                Life!.World.Enter(this, Due + Whole(_period));
            }

            callback(state);
        }

        // As the system's timers: whole milliseconds.
        private static long Whole(TimeSpan time) => (long)time.TotalMilliseconds * TimeSpan.TicksPerMillisecond;
    }
}
