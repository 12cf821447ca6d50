using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>A timer of an activation. Disposing it ends it; a tick in progress runs to its end.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets new times. During a tick they take effect when the tick has ended.</summary>
    /// <param name="dueTime">Until the next tick; <see cref="Timeout.InfiniteTimeSpan"/>: never.</param>
    /// <param name="period">From the end of a tick to the next; <see cref="Timeout.InfiniteTimeSpan"/>: no further ticks.</param>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative and not infinite, or above 4,294,967,294 ms.</exception>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>How a grain timer behaves.</summary>
public readonly struct GrainTimerCreationOptions()
{
    /// <summary>Options with both times.</summary>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Until the first tick; <see cref="Timeout.InfiniteTimeSpan"/>: not before <see cref="IGrainTimer.Change"/>.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>From the end of a tick to the next; <see cref="Timeout.InfiniteTimeSpan"/>: one tick.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether ticks interleave with calls and other timers. Default false: a tick waits its turn like a call.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether ticks count as use and keep the activation from being collected. Default false.</summary>
    public bool KeepAlive { get; init; }
}
