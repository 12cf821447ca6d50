namespace Kimura.Libp2p.Transports;

/// <summary>
/// Wakes whoever waits for a change; the waiter looks again at the state that it guards with a lock of its own. Take
/// <see cref="Wait"/> under that lock, and <see cref="Raise"/> after each change, so that no change is missed.
/// </summary>
/// <remarks>
/// Waiters go on where they were, on their own scheduler: <see cref="Task.WaitAsync(CancellationToken)"/> would take them through the
/// thread pool, which a simulation under one scheduler cannot have.
/// </remarks>
internal sealed class Signal
{
    private const int FirstPrune = 8;
    private TaskCompletionSource? _waiting;
    private List<Waiter>? _cancellable;
    private int _pruneAt = FirstPrune;

    /// <summary>A task that ends with the next <see cref="Raise"/>, or is cancelled. Call it under the lock.</summary>
    public Task Wait(CancellationToken cancellation = default)
    {
        if (!cancellation.CanBeCanceled)
        {
            return (_waiting ??= New()).Task;
        }

        _cancellable ??= [];
        if (_cancellable.Count >= _pruneAt)
        {
            // Those that were cancelled would otherwise gather where nothing changes for long.
            _cancellable.RemoveAll(static waiter => waiter.Task.IsCompleted);
            _pruneAt = Math.Max(FirstPrune, _cancellable.Count * 2);
        }

        Waiter own = new(cancellation);
        _cancellable.Add(own);
        return own.Task;
    }

    /// <summary>Wakes all who wait. Call it under the lock.</summary>
    public void Raise()
    {
        TaskCompletionSource? waiting = _waiting;
        _waiting = null;
        waiting?.TrySetResult();
        if (_cancellable is { Count: > 0 } waiters)
        {
            waiters.ForEach(static waiter => waiter.Wake());
            waiters.Clear();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Waiter : TaskCompletionSource
    {
        private readonly CancellationTokenRegistration _registration;

        public Waiter(CancellationToken cancellation)
            : base(TaskCreationOptions.RunContinuationsAsynchronously) =>
            _registration = cancellation.UnsafeRegister(static (self, token) => ((Waiter)self!).TrySetCanceled(token), this);

        /// <summary>Not disposing, which would wait, under the lock, for a cancellation that is under way.</summary>
        public void Wake()
        {
            _registration.Unregister();
            TrySetResult();
        }
    }
}
