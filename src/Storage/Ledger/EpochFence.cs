namespace Kimura.Storage.Ledger;

/// <summary>Lets only the newest epoch write. Raising it waits for what older epochs have under way, so nothing of theirs comes after.</summary>
internal sealed class EpochFence
{
    private readonly Lock _gate = new();
    private ulong _epoch;
    private Task _running = Task.CompletedTask;

    public ulong Epoch
    {
        get
        {
            lock (_gate)
            {
                return _epoch;
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
            running = _running;
        }

        // A failed write of an older epoch has ended the store, and says so to everyone who calls it next.
        await running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Current);
        return true;
    }

    /// <summary>Starts the work if the epoch is the newest; false, and nothing done, where it is not.</summary>
    public async Task<bool> RunAsync(ulong epoch, Func<Task> start)
    {
        Task work;
        lock (_gate)
        {
            if (epoch != _epoch)
            {
                return false;
            }

            work = start();
            _running = _running.IsCompleted ? work : Task.WhenAll(_running, work);
        }

        await work;
        return true;
    }
}
