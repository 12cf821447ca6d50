namespace Kimura.Silo.Network;

/// <summary>
/// Lets so many through at once, the rest in the order of their coming. Thread-safe. Who waits goes on where it was, on its own scheduler:
/// a SemaphoreSlim takes whoever waits with a token through the thread pool.
/// </summary>
internal sealed class Turnstile(int places)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private int _free = places;

    /// <summary>Enters; each who did must leave.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before there was a place.</exception>
    public async Task EnterAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        TaskCompletionSource turn;
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return;
            }

            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.AddLast(turn);
        }

        using var cancelled = cancellation.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn);
        await turn.Task;
    }

    /// <summary>Leaves, and lets the next one in.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            // Those who were cancelled meanwhile are passed over.
            while (_waiting.First is { } next)
            {
                _waiting.RemoveFirst();
                if (next.Value.TrySetResult())
                {
                    return;
                }
            }

            _free++;
        }
    }
}
