namespace Kimura.Storage.Ledger;

/// <summary>Lets only the newest epoch write. Raising it waits for what older epochs have under way, so nothing of theirs comes after.</summary>
internal sealed class EpochFence
{
    private readonly Lock _gate = new();
    private ulong _epoch;
    private bool _isOver;
    private Task _running = Task.CompletedTask;

    /// <summary>The epoch in force: 0 where none is.</summary>
    public ulong Epoch
    {
        get
        {
            lock (_gate)
            {
                return _isOver ? 0 : _epoch;
            }
        }
    }

    /// <summary>Takes the epoch; false where a newer or the same one was taken before.</summary>
    public async Task<bool> RaiseAsync(ulong epoch)
    {
        Task running;
        lock (_gate)
        {
            if (epoch <= _epoch)
            {
                return false;
            }

            _epoch = epoch;
            _isOver = false;
            running = _running;
        }

        await running;
        return true;
    }

    /// <summary>Ends the epoch in force, if one is: nothing of it is written after this. The next one is as always a higher one.</summary>
    public Task EndAsync()
    {
        lock (_gate)
        {
            _isOver = true;
            return _running;
        }
    }

    /// <summary>Does the work if the epoch is the newest; nothing is done where it is not, or where none was ever taken.</summary>
    public async Task<CommitOutcome> RunAsync(ulong epoch, Func<Task<CommitOutcome>> work)
    {
        // Not RunContinuationsAsynchronously, which would take WhenAll through the thread pool, past the engine's scheduler.
        var ended = new TaskCompletionSource();
        lock (_gate)
        {
            if (epoch == 0 || epoch != _epoch || _isOver)
            {
                return CommitOutcome.Fenced;
            }

            _running = _running.IsCompleted ? ended.Task : Task.WhenAll(_running, ended.Task);
        }

        try
        {
            return await work();
        }
        finally
        {
            ended.SetResult();
        }
    }
}
