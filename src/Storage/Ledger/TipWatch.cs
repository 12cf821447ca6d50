namespace Kimura.Storage.Ledger;

/// <summary>Those who wait for a block above the tip that they know. Each waits a bounded time, so that nobody holds up a stop.</summary>
public sealed class TipWatch
{
    private readonly Lock _gate = new();
    private readonly HashSet<Waiter> _waiters = [];
    private ulong _height;

    /// <summary>Watches from this height on.</summary>
    public TipWatch(ulong height) => _height = height;

    /// <summary>Completes with the first tip above <paramref name="height"/>, or after <paramref name="within"/>.</summary>
    public Task WaitAsync(ulong height, TimeSpan within, TimeProvider time)
    {
        var waiter = new Waiter(this, height);
        lock (_gate)
        {
            if (_height > height)
            {
                return Task.CompletedTask;
            }

            _waiters.Add(waiter);
            waiter.Clock = time.CreateTimer(static self => ((Waiter)self!).End(), waiter, within, Timeout.InfiniteTimeSpan);
        }

        return waiter.Done;
    }

    /// <summary>The tip is at this height now; a lower one than before is nothing new.</summary>
    public void Rise(ulong height)
    {
        Waiter[] reached;
        lock (_gate)
        {
            _height = Math.Max(_height, height);
            reached = [.. _waiters.Where(waiter => waiter.Height < height)];
        }

        Array.ForEach(reached, waiter => waiter.End());
    }

    private void Forget(Waiter waiter)
    {
        lock (_gate)
        {
            _waiters.Remove(waiter);
            waiter.Clock!.Dispose();
        }
    }

    private sealed class Waiter(TipWatch watch, ulong height)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ulong Height => height;

        public Task Done => _done.Task;

        public ITimer? Clock { get; set; }

        public void End()
        {
            watch.Forget(this);
            _done.TrySetResult();
        }
    }
}
