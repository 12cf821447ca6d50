using System.Collections.Concurrent;
using System.Diagnostics;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>Runs all tasks one after the other on the thread that made it, in the order in which they were queued.</summary>
internal sealed class StepScheduler : TaskScheduler
{
    private readonly ConcurrentQueue<Task> _ready = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;

    /// <summary>Where the first task was queued by another thread, or null: then something hopped to the thread pool.</summary>
    public string? Strayed { get; private set; }

    /// <summary>Runs work, and all that follows of it, letting time pass where nothing else is left to do.</summary>
    public void Run(Func<Task> work, ManualTimeProvider time)
    {
        Task task = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();
        while (!task.IsCompleted)
        {
            if (_ready.TryDequeue(out Task? next))
            {
                TryExecuteTask(next);
            }
            else if (time.NextDue is { } due)
            {
                time.Advance(due > time.GetUtcNow() ? due - time.GetUtcNow() : TimeSpan.Zero);
            }
            else
            {
                throw new InvalidOperationException($"Nothing is left to do, and the work is not done. Strayed: {Strayed ?? "nothing"}");
            }
        }

        task.GetAwaiter().GetResult();
    }

    protected override IEnumerable<Task> GetScheduledTasks() => _ready;

    protected override void QueueTask(Task task)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            Strayed ??= new StackTrace().ToString();
        }

        _ready.Enqueue(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;
}
