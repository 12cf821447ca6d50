namespace Kimura.Embedded.Activations;

/// <summary>
/// Ends calls from outside all turns (a timeout, a cancellation, a killed silo) without running anything of their callers' inside:
/// the framework runs a continuation in place only where the current scheduler is the continuation's own. Answers therefore need no
/// RunContinuationsAsynchronously, which would send Task.WhenAll and its kind to the thread pool, past the cluster's scheduler.
/// </summary>
internal sealed class OutsideTurns(TaskScheduler cluster) : TaskScheduler
{
    /// <summary>Runs the action now, on this thread.</summary>
    internal void Run(Action action)
    {
        Task task = new(action, TaskCreationOptions.DenyChildAttach);
        task.RunSynchronously(this);
        task.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task) => new Task(() => TryExecuteTask(task)).Start(cluster);

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => !taskWasPreviouslyQueued && TryExecuteTask(task);

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
