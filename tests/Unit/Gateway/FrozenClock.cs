namespace Kimura.Tests.Unit.Gateway;

/// <summary>The machine's clock, except that elapsed time is what the test says.</summary>
internal sealed class FrozenClock : TimeProvider
{
    private long _elapsed = TimeSpan.TicksPerDay;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _elapsed);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _elapsed, by.Ticks);
}
