namespace Kimura.Tests.Integration.Harness;

/// <summary>The lines a process has written so far; who waits for one is told when it comes.</summary>
internal sealed class LineLog
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _changed = NewSignal();
    private bool _ended;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    public async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            Change(() => _lines.Add(line));
        }

        Change(() => _ended = true);
    }

    /// <summary>The first line that fits, from the process's beginning; null if the process ended without one.</summary>
    /// <exception cref="TimeoutException">None came within the limit.</exception>
    public async Task<string?> FindAsync(Func<string, bool> fits, TimeSpan limit)
    {
        using var expiry = new CancellationTokenSource(limit);
        for (var next = 0; ;)
        {
            Task changed;
            lock (_gate)
            {
                for (; next < _lines.Count; next++)
                {
                    if (fits(_lines[next]))
                    {
                        return _lines[next];
                    }
                }

                if (_ended)
                {
                    return null;
                }

                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(expiry.Token);
            }
            catch (OperationCanceledException expired)
            {
                throw new TimeoutException($"the line did not come within {limit}; the last ones are:\n{string.Join('\n', Lines.TakeLast(20))}", expired);
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            change();
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }
}
