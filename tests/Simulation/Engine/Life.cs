namespace Kimura.Tests.Simulation.Engine;

/// <summary>
/// A process from its start to its end: its tasks run on the world's thread, in an order that the seed decides. When it ends, none of its tasks,
/// timers and other happenings comes any more, whatever it was in the middle of.
/// </summary>
internal sealed class Life(World world, string name) : TaskScheduler
{
    private readonly Queue<Task> _held = new();

    public World World { get; } = world;

    public string Name { get; } = name;

    public bool IsOver { get; private set; }

    /// <summary>Until then it stands still, as a process that is stopped or swapped out; its clock goes on.</summary>
    public long PausedUntil { get; private set; }

    public override int MaximumConcurrencyLevel => 1;

    public bool IsPaused => PausedUntil > World.Now;

    /// <summary>Starts work in this process.</summary>
    public Task<T> Start<T>(Func<Task<T>> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>Starts work in this process.</summary>
    public Task Start(Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>Does something in this process after a time.</summary>
    public void After(TimeSpan time, Action action) => World.Enter(new Act(action) { Life = this }, World.Now + time.Ticks);

    public void Pause(TimeSpan time)
    {
        PausedUntil = Math.Max(PausedUntil, World.Now + time.Ticks);
        World.Enter(new Act(Resume) { Life = this }, PausedUntil);
    }

    public void End()
    {
        IsOver = true;
        _held.Clear();
    }

    internal void Execute(Task task)
    {
        if (IsOver)
        {
            return;
        }

        if (IsPaused)
        {
            _held.Enqueue(task);
            return;
        }

        TryExecuteTask(task);
    }

    protected override void QueueTask(Task task)
    {
        // What finalizers wake of a process that is gone runs no more, and is no stray.
        if (IsOver || World.IsOver)
        {
            return;
        }

        World.RequireHere($"a task of {Name} was queued");
        World.Ready(this, task);
    }

    // As on the thread pool, where an await goes on in place when what it waited for ends.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && World.IsHere && !IsOver && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => _held;

    private void Resume()
    {
        while (!IsPaused && _held.TryDequeue(out var task))
        {
            World.Ready(this, task);
        }
    }
}
