using System.Globalization;

namespace Kimura.Tests.Simulation.Engine;

/// <summary>
/// Time, chance and order of a whole network on one thread: one seed is one history. Work that is ready runs in an order drawn from the seed, and
/// takes no time; where nothing is ready, time goes on to what happens next.
/// </summary>
internal sealed class World
{
    private readonly Agenda _agenda = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly SimRandom _order;
    private (Life Life, Task Task)[] _ready = new (Life, Task)[64];
    private int _readyCount;
    private volatile string? _stray;

    public World(ulong seed, TextWriter? trace)
    {
        Seed = seed;
        Random = new SimRandom(seed);
        _order = Random.Fork();
        Audit = new Audit(this, trace);
    }

    public ulong Seed { get; }

    /// <summary>Ticks (100 ns) since the beginning.</summary>
    public long Now { get; private set; }

    public TimeSpan Time => TimeSpan.FromTicks(Now);

    /// <summary>The history is told: nothing happens any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>How many tasks have run.</summary>
    public long Steps { get; private set; }

    public SimRandom Random { get; }

    public Audit Audit { get; }

    /// <summary>Called before time goes on: everything that could happen now has happened.</summary>
    public Action? BeforeTimePasses { get; set; }

    /// <summary>True on the world's own thread, where alone anything may happen.</summary>
    internal bool IsHere => Environment.CurrentManagedThreadId == _thread;

    /// <summary>Lets everything happen, until a time or until a violation is found.</summary>
    public void Run(TimeSpan until, Func<bool> isDone)
    {
        // Whoever calls may have one: it would take the awaits away from the world.
        SynchronizationContext.SetSynchronizationContext(null);
        while (!isDone())
        {
            while (_readyCount > 0)
            {
                RunOne();
            }

            ThrowIfStrayed();
            BeforeTimePasses?.Invoke();
            if (_readyCount > 0)
            {
                continue;
            }

            if (_agenda.NextDue is not { } due || due > until.Ticks)
            {
                Now = until.Ticks;
                return;
            }

            Now = Math.Max(Now, due);
            var next = _agenda.Take();
            if (next.Life is { IsOver: true })
            {
                continue;
            }

            if (next.Life is { IsPaused: true } paused)
            {
                _agenda.Enter(next, paused.PausedUntil);
                continue;
            }

            next.Happen();
        }
    }

    /// <summary>Ends the world.</summary>
    public void End() => IsOver = true;

    /// <summary>Ends the history: something that must never happen has happened.</summary>
    public ViolationException Violation(string what) => new(string.Create(CultureInfo.InvariantCulture, $"seed {Seed}, at {Time.TotalSeconds:F6} s: {what}"));

    public void Enter(Happening happening, long due)
    {
        RequireHere("something is to happen");
        _agenda.Enter(happening, due);
    }

    public void After(TimeSpan time, Action action) => Enter(new Act(action), Now + time.Ticks);

    internal void Remove(Happening happening)
    {
        RequireHere("something is not to happen");
        _agenda.Remove(happening);
    }

    internal void Ready(Life life, Task task)
    {
        if (_readyCount == _ready.Length)
        {
            Array.Resize(ref _ready, _readyCount * 2);
        }

        _ready[_readyCount++] = (life, task);
    }

    /// <summary>Every port of a node asks this: work that has strayed to another thread ends the history loudly.</summary>
    internal void RequireHere(string what)
    {
        if (!IsHere)
        {
            Stray(what);
        }
    }

    internal void Stray(string what)
    {
        _stray ??= $"{what} on another thread, from{Environment.NewLine}{Environment.StackTrace}";
        if (!IsHere)
        {
            throw new InvalidOperationException(_stray);
        }
    }

    private void RunOne()
    {
        var at = _order.Next(_readyCount);
        var (life, task) = _ready[at];
        _ready[at] = _ready[--_readyCount];
        _ready[_readyCount] = default;
        Steps++;
        life.Execute(task);
    }

    private void ThrowIfStrayed()
    {
        if (_stray is { } stray)
        {
            throw Violation(stray);
        }
    }
}

/// <summary>A promise was broken; the message says where and when, and which one.</summary>
internal sealed class ViolationException(string message) : Exception(message);
