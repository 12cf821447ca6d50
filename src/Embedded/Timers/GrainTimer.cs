using Kimura.Embedded.Activations;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Kimura.Embedded.Timers;

/// <summary>
/// A timer of an activation. One tick at a time: the clock is set again when a tick has ended. The tick is queued like a call
/// (or interleaves), is bounded by no response timeout, and ends with the activation.
/// </summary>
internal sealed partial class GrainTimer : IGrainTimer
{
    private readonly Lock _gate = new();
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly CancellationTokenSource _disposed = new();
    private readonly CancellationToken _token;
    private readonly TimerTick _tick;
    private readonly ITimer _clock;
    private TimeSpan _dueTime;
    private TimeSpan _period;
    private bool _isTicking;
    private bool _isChanged;
    private bool _isDisposed;

    private GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _token = _disposed.Token;
        _tick = new TimerTick(this, options);
        using (NoFlow.Enter())
        {
            _clock = activation.Silo.Time.CreateTimer(
                static self => ((GrainTimer)self!).OnDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Validate(dueTime, nameof(dueTime));
        Validate(period, nameof(period));
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _dueTime = dueTime;
            _period = period;
            _isChanged = true;
            if (!_isTicking)
            {
                _clock.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _clock.Dispose();
        }

        _disposed.Cancel();
        _disposed.Dispose();
        _activation.Remove(this);
    }

    internal static GrainTimer Start(IGrainContext context, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        if (!ReferenceEquals(TurnContext.Current, context) || context is not Activation activation)
        {
            throw new InvalidOperationException("A grain timer is started by its own grain, in one of its turns.");
        }

        Validate(options.DueTime, nameof(options.DueTime));
        Validate(options.Period, nameof(options.Period));
        GrainTimer timer = new(activation, callback, options);
        if (activation.TryAdd(timer))
        {
            timer.Change(options.DueTime, options.Period);
        }
        else
        {
            timer.Dispose();
        }

        return timer;
    }

    /// <summary>Runs one tick in turns of the activation; gives a task that never fails.</summary>
    internal async Task TickAsync()
    {
        try
        {
            lock (_gate)
            {
                _isChanged = false;
                if (_isDisposed)
                {
                    return;
                }
            }

            await _callback(_token);
        }
        catch (OperationCanceledException) when (_token.IsCancellationRequested)
        {
            // The tick noticed that its timer was disposed of.
        }
        catch (SiloUnavailableException) when (!_activation.Silo.IsRunning)
        {
            // The silo stops, and the tick needed a grain that nobody activates any more.
        }
        catch (Exception exception)
        {
            LogTickFailed(_activation.Silo.Logger, exception, _activation);
        }
    }

    /// <summary>The tick has ended: the next one is due a period from now, or when a change made during the tick says.</summary>
    internal void OnTicked()
    {
        lock (_gate)
        {
            _isTicking = false;
            if (!_isDisposed)
            {
                _clock.Change(_isChanged ? _dueTime : _period, Timeout.InfiniteTimeSpan);
            }
        }
    }

    // On the clock's thread.
    private void OnDue()
    {
        lock (_gate)
        {
            if (_isTicking || _isDisposed)
            {
                return;
            }

            _isTicking = true;
        }

        // A tick refused means that the activation is ending, and the timer with it.
        _activation.TryDeliver(_tick);
    }

    private static void Validate(TimeSpan time, string name)
    {
        const long longest = uint.MaxValue - 1;
        long milliseconds = (long)time.TotalMilliseconds;
        ArgumentOutOfRangeException.ThrowIfLessThan(milliseconds, -1, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(milliseconds, longest, name);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A timer's tick of grain {Activation} failed; the timer goes on")]
    private static partial void LogTickFailed(ILogger logger, Exception exception, Activation activation);
}
