namespace Kimura.Tests.Unit.Embedded.Harness;

/// <summary>Runs tasks on the calling thread, one at a time, in an order that the seed decides: one seed, one history.</summary>
internal sealed class SeededScheduler(int seed) : TaskScheduler
{
    private readonly Random _random = new(seed);
    private readonly List<Task> _tasks = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Tasks that came from another thread: what must not happen.</summary>
    public int Strays { get; private set; }

    /// <summary>Runs until nothing is left to run.</summary>
    public void RunUntilIdle()
    {
        // A test framework's synchronization context would take the awaits away from this scheduler.
        SynchronizationContext.SetSynchronizationContext(null);
        while (_tasks.Count > 0)
        {
            int next = _random.Next(_tasks.Count);
            Task task = _tasks[next];
            _tasks.RemoveAt(next);
            TryExecuteTask(task);
        }
    }

    protected override void QueueTask(Task task)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            Strays++;
        }

        _tasks.Add(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _tasks;
}
