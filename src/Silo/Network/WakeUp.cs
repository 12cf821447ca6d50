namespace Kimura.Silo.Network;

/// <summary>A signal for one who waits: set before or during the wait, it ends it once. Thread-safe.</summary>
internal sealed class WakeUp
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private bool _isSet;

    public void Set()
    {
        TaskCompletionSource? waiting;
        lock (_gate)
        {
            waiting = _waiting;
            _waiting = null;
            _isSet = waiting is null;
        }

        waiting?.SetResult();
    }

    public Task WaitAsync()
    {
        lock (_gate)
        {
            if (_isSet)
            {
                _isSet = false;
                return Task.CompletedTask;
            }

            _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiting.Task;
        }
    }

    /// <summary>As <see cref="WaitAsync()"/>, but not for longer than a time, and not after a stop.</summary>
    public async Task WaitAsync(TimeSpan within, TimeProvider time, CancellationToken stop)
    {
        await using var clock = time.CreateTimer(static self => ((WakeUp)self!).Set(), this, within, Timeout.InfiniteTimeSpan);
        await using var stopping = stop.Register(static self => ((WakeUp)self!).Set(), this);
        await WaitAsync();
        stop.ThrowIfCancellationRequested();
    }
}
