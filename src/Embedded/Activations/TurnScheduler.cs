using Kimura.Embedded.Invocation;
using System.Diagnostics.CodeAnalysis;

namespace Kimura.Embedded.Activations;

/// <summary>
/// Runs the turns of one activation, one at a time, on the scheduler of the cluster: new invocations and the continuations of those in
/// progress, taken alternately. An activation with nothing to do holds no task.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The slice task runs to its end by itself; there is nothing to release.")]
internal sealed class TurnScheduler(Activation activation, TaskScheduler cluster, int turnsPerSlice) : TaskScheduler
{
    private readonly Queue<Task> _continuations = new();
    private Task? _slice;
    private bool _isScheduled;
    private bool _isDead;
    private bool _invocationNext;

    /// <summary>Guards the queues of the activation and of this scheduler: one lock an activation.</summary>
    internal Lock Gate { get; } = new();

    /// <inheritdoc/>
    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Marks that there is work. True: the caller must call <see cref="StartSlice"/> after leaving the gate. Under the gate.</summary>
    internal bool Wake()
    {
        if (_isScheduled || _isDead)
        {
            return false;
        }

        _isScheduled = true;
        return true;
    }

    /// <summary>Queues a slice of turns on the cluster's scheduler, free of the caller's execution context.</summary>
    internal void StartSlice(bool fair = false)
    {
        TaskCreationOptions fairness = fair ? TaskCreationOptions.PreferFairness : TaskCreationOptions.None;
        TaskCreationOptions options = TaskCreationOptions.DenyChildAttach | fairness;
        using (NoFlow.Enter())
        {
            new Task(static self => ((TurnScheduler)self!).RunSlice(), this, options).Start(cluster);
        }
    }

    /// <summary>Runs an engine's own operation in turns of the activation.</summary>
    internal void Post(Func<Task> operation)
    {
        using (NoFlow.Enter())
        {
            new Task(static operation => _ = ((Func<Task>)operation!)(), operation, TaskCreationOptions.DenyChildAttach).Start(this);
        }
    }

    /// <summary>No turn starts any more: the silo was killed. Under the gate.</summary>
    internal void Die()
    {
        _isDead = true;
        _continuations.Clear();
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        bool start;
        lock (Gate)
        {
            if (_isDead)
            {
                return;
            }

            _continuations.Enqueue(task);
            start = Wake();
        }

        if (start)
        {
            StartSlice();
        }
    }

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        ReferenceEquals(task, _slice)
            ? TryExecuteTask(task)
            : !taskWasPreviouslyQueued && ReferenceEquals(TurnContext.Current, activation) && TryExecuteTask(task);

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (Gate)
        {
            return _continuations.ToArray();
        }
    }

    // The slice is a task of this scheduler, so that awaits in invocations capture this scheduler without a task for each invocation.
    private void RunSlice()
    {
        _slice = new Task(static self => ((TurnScheduler)self!).RunTurns(), this, TaskCreationOptions.DenyChildAttach);
        _slice.RunSynchronously(this);
    }

    private void RunTurns()
    {
        Activation? outer = TurnContext.Current;
        TurnContext.Current = activation;
        try
        {
            for (int i = 0; i < turnsPerSlice; i++)
            {
                if (!RunTurn())
                {
                    return;
                }
            }
        }
        finally
        {
            TurnContext.Current = outer;
        }

        StartSlice(fair: true);
    }

    private bool RunTurn()
    {
        Task? continuation = null;
        GrainInvocation? invocation;
        lock (Gate)
        {
            _invocationNext = !_invocationNext;
            invocation = _invocationNext ? activation.TakeInvocation() : null;
            if (invocation is null && !_continuations.TryDequeue(out continuation))
            {
                invocation = activation.TakeInvocation();
            }

            if (invocation is null && continuation is null)
            {
                _isScheduled = false;
                return false;
            }
        }

        if (invocation is not null)
        {
            invocation.Run(activation);
        }
        else
        {
            TryExecuteTask(continuation!);
        }

        return true;
    }
}
