namespace Kimura.Libp2p.Transports;

/// <summary>
/// Wakes whoever waits for a change; the waiter looks again at the state that it guards with a lock of its own. Take
/// <see cref="Wait"/> under that lock, and <see cref="Raise"/> after each change, so that no change is missed.
/// </summary>
internal sealed class Signal
{
    private TaskCompletionSource? _waiting;

    /// <summary>A task that ends with the next <see cref="Raise"/>. Call it under the lock.</summary>
    public Task Wait() => (_waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Wakes all who wait. Call it under the lock.</summary>
    public void Raise()
    {
        TaskCompletionSource? waiting = _waiting;
        _waiting = null;
        waiting?.TrySetResult();
    }
}
