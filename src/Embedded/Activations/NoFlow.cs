namespace Kimura.Embedded.Activations;

/// <summary>
/// While it lives, tasks and timers made on this thread do not take its execution context along: what serves one caller must not run
/// with another caller's async-local values.
/// </summary>
internal readonly ref struct NoFlow
{
    private readonly AsyncFlowControl _flow;
    private readonly bool _isSuppressed;

    private NoFlow(AsyncFlowControl flow)
    {
        _flow = flow;
        _isSuppressed = true;
    }

    internal static NoFlow Enter() => ExecutionContext.IsFlowSuppressed() ? default : new(ExecutionContext.SuppressFlow());

    public void Dispose()
    {
        if (_isSuppressed)
        {
            _flow.Undo();
        }
    }
}
