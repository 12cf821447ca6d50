namespace Kimura.Storage.RocksDb;

/// <summary>Counts who is inside, so that closing waits for the last one and lets nobody in after.</summary>
internal sealed class UseCount
{
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The sign bit says closing; the rest counts.
    private int _state;

    /// <summary>False once closing has begun; where true, <see cref="Exit"/> must follow.</summary>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _state) > 0)
            return true;

        Exit();
        return false;
    }

    internal void Exit()
    {
        if (Interlocked.Decrement(ref _state) == int.MinValue)
            _empty.TrySetResult();
    }

    /// <summary>Lets nobody in any more and waits until everybody is out. For threads that may block.</summary>
    internal void Close()
    {
        if (Interlocked.Or(ref _state, int.MinValue) != 0)
            _empty.Task.Wait();
    }
}
