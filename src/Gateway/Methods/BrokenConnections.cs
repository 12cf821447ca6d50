namespace Kimura.Gateway.Methods;

/// <summary>
/// Tells whoever waits for an answer that a connection to a silo broke: the answer may have been on it, and nobody else would say so before the
/// call's time is over.
/// </summary>
internal sealed class BrokenConnections
{
    private TaskCompletionSource _next = NewSignal();

    /// <summary>Completes when the next connection breaks.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>A connection broke.</summary>
    public void Report() => Interlocked.Exchange(ref _next, NewSignal()).SetResult();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
