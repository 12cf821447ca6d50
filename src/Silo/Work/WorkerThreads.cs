using System.Collections.Concurrent;
using Kimura.Chain.Verification;

namespace Kimura.Silo.Work;

/// <summary>
/// <see cref="IWorkers"/> on threads of their own, one a core, so that checking signatures never holds up the thread pool that
/// answers requests and ticks timers.
/// </summary>
internal sealed class WorkerThreads : IWorkers, IDisposable
{
    // Small enough that a single message does not wait long behind a large batch, large enough that handing over costs nothing beside it.
    private const int RangeSize = 16;
    private const int QueueLimit = 65_536;

    private readonly BlockingCollection<Range> _queue = new(QueueLimit);
    private readonly Thread[] _threads;

    public WorkerThreads(int count)
    {
        _threads = [.. Enumerable.Range(0, count).Select(i => new Thread(Work) { IsBackground = true, Name = $"kimura-worker-{i}" })];
        Array.ForEach(_threads, thread => thread.Start());
    }

    public Task RunAsync(int count, Action<int, int> work)
    {
        if (count == 0)
        {
            return Task.CompletedTask;
        }

        var job = new Job(work, (count + RangeSize - 1) / RangeSize);
        for (var from = 0; from < count; from += RangeSize)
        {
            _queue.Add(new Range(job, from, Math.Min(count, from + RangeSize)));
        }

        return job.Done;
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        Array.ForEach(_threads, thread => thread.Join());
        _queue.Dispose();
    }

    private void Work()
    {
        foreach (var range in _queue.GetConsumingEnumerable())
        {
            range.Job.Run(range.From, range.To);
        }
    }

    private readonly record struct Range(Job Job, int From, int To);

    private sealed class Job(Action<int, int> work, int ranges)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Exception? _failure;
        private int _left = ranges;

        public Task Done => _done.Task;

        public void Run(int from, int to)
        {
            try
            {
                work(from, to);
            }
            catch (Exception exception)
            {
                _failure = exception;
            }

            if (Interlocked.Decrement(ref _left) > 0)
            {
                return;
            }

            if (_failure is null)
            {
                _done.SetResult();
            }
            else
            {
                _done.SetException(_failure);
            }
        }
    }
}
