using System.Collections.Concurrent;

namespace Kimura.Tests.Unit.Embedded.Harness;

/// <summary>How test grains and a test meet: notes that grains leave, and gates that they wait at.</summary>
public sealed class Probe
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly List<string> _notes = [];
    private readonly List<(string Note, int Count, TaskCompletionSource Seen)> _waiters = [];
    private readonly Lock _gate = new();
    private int _ids;

    public IReadOnlyList<string> Notes
    {
        get
        {
            lock (_gate)
            {
                return [.. _notes];
            }
        }
    }

    public int NextId() => Interlocked.Increment(ref _ids);

    public int Count(string note) => Notes.Count(other => other == note);

    public void Note(string note)
    {
        lock (_gate)
        {
            _notes.Add(note);
            foreach ((string awaited, int count, TaskCompletionSource seen) in _waiters)
            {
                if (awaited == note && count <= _notes.Count(other => other == note))
                {
                    seen.TrySetResult();
                }
            }
        }
    }

    /// <summary>Ends when the note was left so many times; fails after a long while, so that a test never hangs.</summary>
    public Task Seen(string note, int count = 1)
    {
        TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_notes.Count(other => other == note) >= count)
            {
                return Task.CompletedTask;
            }

            _waiters.Add((note, count, seen));
        }

        return seen.Task.WaitAsync(s_patience);
    }

    /// <summary>What a grain awaits until the test opens it.</summary>
    public Task Gate(string name) => Source(name).Task;

    public void Open(string name) => Source(name).TrySetResult();

    private TaskCompletionSource Source(string name) =>
        _gates.GetOrAdd(name, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
