namespace Kimura.Tests.Unit.Embedded.Harness;

/// <summary>The thread pool, with a count of what is queued or running, so that a test can wait until nothing is.</summary>
internal sealed class CountingScheduler : TaskScheduler
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly Lock _gate = new();
    private TaskCompletionSource? _idle;
    private int _count;

    public override int MaximumConcurrencyLevel => int.MaxValue;

    public Task WhenIdle()
    {
        lock (_gate)
        {
            return _count == 0
                ? Task.CompletedTask
                : (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(s_patience);
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (_gate)
        {
            _count++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(
            static item =>
            {
                item.Scheduler.TryExecuteTask(item.Task);
                item.Scheduler.OnRun();
            },
            (Scheduler: this, Task: task),
            preferLocal: false);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];

    private void OnRun()
    {
        TaskCompletionSource? idle = null;
        lock (_gate)
        {
            if (--_count == 0)
            {
                idle = _idle;
                _idle = null;
            }
        }

        idle?.TrySetResult();
    }
}
