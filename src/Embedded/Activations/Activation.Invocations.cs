using Kimura.Embedded.Invocation;
using Orleans.Runtime;

namespace Kimura.Embedded.Activations;

/// <content>The mailbox, and which invocation may start.</content>
internal sealed partial class Activation
{
    private readonly Queue<GrainInvocation> _ordered = new();
    private readonly Queue<GrainInvocation> _interleaving = new();
    private GrainInvocation? _running;
    private int _runningCount;
    private int _blocking;
    private int _blockingReadOnly;
    private int _load;
    private long _arrivals;
    private int _uses;
    private bool _usedSinceSweep;

    /// <summary>Invocations waiting and in progress; a snapshot.</summary>
    internal int Load => Volatile.Read(ref _load);

    /// <summary>Whether it ever ran an invocation.</summary>
    internal bool HasServed { get; private set; }

    /// <summary>When it was last seen in use, as the TimeProvider counts. Only the sweep touches it.</summary>
    internal long LastUsed { get; private set; }

    /// <inheritdoc/>
    public bool TryDeliver(GrainInvocation invocation)
    {
        bool start = false;
        bool isFull;
        lock (_turns.Gate)
        {
            if (_state == ActivationState.Ended || (invocation.IsLocal && _state == ActivationState.Deactivating))
            {
                return false;
            }

            isFull = !invocation.IsLocal && _load >= Silo.Options.MailboxLimit;
            if (!isFull)
            {
                invocation.Arrival = _arrivals++;
                invocation.Blocks = !GrainClass.IsReentrant && !invocation.AlwaysInterleaves;
                (invocation.Blocks ? _ordered : _interleaving).Enqueue(invocation);
                _load++;
                _uses += invocation.CountsAsUse ? 1 : 0;
                _usedSinceSweep |= invocation.CountsAsUse;
                start = _state == ActivationState.Valid && _turns.Wake();
            }
        }

        if (isFull)
        {
            invocation.Fail(new LimitExceededException(
                $"Grain {GrainId} has {Silo.Options.MailboxLimit} calls waiting or in progress, the limit (MailboxLimit)."));
        }
        else if (start)
        {
            _turns.StartSlice();
        }

        return true;
    }

    /// <summary>The next invocation that may start now. Under the gate.</summary>
    internal GrainInvocation? TakeInvocation()
    {
        if (_state != ActivationState.Valid)
        {
            return null;
        }

        GrainInvocation? free = Head(_interleaving);
        GrainInvocation? ordered = Head(_ordered);
        bool orderedMayStart = ordered is not null && (_blocking == 0 || (ordered.IsReadOnly && _blocking == _blockingReadOnly));
        if (orderedMayStart && (free is null || ordered!.Arrival < free.Arrival))
        {
            _ordered.Dequeue();
            return Started(ordered!);
        }

        if (free is not null)
        {
            _interleaving.Dequeue();
            return Started(free);
        }

        return null;
    }

    /// <summary>The invocation has ended; its outcome is published only after this.</summary>
    internal void OnEnded(GrainInvocation invocation)
    {
        bool isDrained;
        lock (_turns.Gate)
        {
            Unlink(invocation);
            _load--;
            _runningCount--;
            _blocking -= invocation.Blocks ? 1 : 0;
            _blockingReadOnly -= invocation is { Blocks: true, IsReadOnly: true } ? 1 : 0;
            _uses -= invocation.CountsAsUse ? 1 : 0;
            _usedSinceSweep |= invocation.CountsAsUse;
            isDrained = _state == ActivationState.Deactivating && _runningCount == 0;
        }

        if (isDrained)
        {
            _turns.Post(EndAsync);
        }
    }

    /// <summary>Ends waiting and running calls that are too old. Gives whether it was unused for the collection age. Outside all turns.</summary>
    internal bool Sweep(long now)
    {
        List<GrainInvocation>? late = null;
        bool isIdle;
        lock (_turns.Gate)
        {
            CollectLate(now, ref late);
            if (_usedSinceSweep || _uses > 0)
            {
                LastUsed = now;
                _usedSinceSweep = false;
            }

            isIdle = _state == ActivationState.Valid && Silo.Time.GetElapsedTime(LastUsed, now) >= Silo.Options.CollectionAge;
        }

        foreach (GrainInvocation invocation in late ?? [])
        {
            invocation.TimeOut(Silo.Cluster.Options.ResponseTimeout);
        }

        return isIdle;
    }

    private void CollectLate(long now, ref List<GrainInvocation>? late)
    {
        Head(_ordered);
        Head(_interleaving);
        foreach (GrainInvocation invocation in _ordered)
        {
            AddIfLate(invocation, now, ref late);
        }

        foreach (GrainInvocation invocation in _interleaving)
        {
            AddIfLate(invocation, now, ref late);
        }

        for (GrainInvocation? invocation = _running; invocation is not null; invocation = invocation.NextRunning)
        {
            AddIfLate(invocation, now, ref late);
        }
    }

    private void AddIfLate(GrainInvocation invocation, long now, ref List<GrainInvocation>? late)
    {
        if (!invocation.IsLocal && !invocation.IsAbandoned
            && Silo.Time.GetElapsedTime(invocation.MadeAt, now) >= Silo.Cluster.Options.ResponseTimeout)
        {
            (late ??= []).Add(invocation);
        }
    }

    // The first that somebody still waits for.
    private GrainInvocation? Head(Queue<GrainInvocation> queue)
    {
        while (queue.TryPeek(out GrainInvocation? head))
        {
            if (!head.IsAbandoned)
            {
                return head;
            }

            queue.Dequeue();
            _load--;
            _uses -= head.CountsAsUse ? 1 : 0;
        }

        return null;
    }

    private GrainInvocation Started(GrainInvocation invocation)
    {
        HasServed = true;
        invocation.NextRunning = _running;
        _running?.PreviousRunning = invocation;
        _running = invocation;
        _runningCount++;
        _blocking += invocation.Blocks ? 1 : 0;
        _blockingReadOnly += invocation is { Blocks: true, IsReadOnly: true } ? 1 : 0;
        return invocation;
    }

    private void Unlink(GrainInvocation invocation)
    {
        if (invocation.PreviousRunning is null)
        {
            _running = invocation.NextRunning;
        }
        else
        {
            invocation.PreviousRunning.NextRunning = invocation.NextRunning;
        }

        invocation.NextRunning?.PreviousRunning = invocation.PreviousRunning;
        invocation.NextRunning = null;
        invocation.PreviousRunning = null;
    }

    // Everything that waits, in order of arrival. Under the gate.
    private List<GrainInvocation> TakeWaiting()
    {
        List<GrainInvocation> waiting = [.. _ordered, .. _interleaving];
        waiting.RemoveAll(static invocation => invocation.IsAbandoned);
        waiting.Sort(static (left, right) => left.Arrival.CompareTo(right.Arrival));
        _ordered.Clear();
        _interleaving.Clear();
        _load = _runningCount;
        return waiting;
    }
}
