using Kimura.Storage.SignGuard;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>A sign guard in memory that can hold a record back, or fail.</summary>
internal sealed class TestGuard : ISignGuard
{
    private TaskCompletionSource? _held;
    private TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SignedBlock? Last { get; set; }

    public Exception? Failure { get; set; }

    /// <summary>Completes when a record is held.</summary>
    public Task Reached => _reached.Task;

    public void Hold()
    {
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Release() => Interlocked.Exchange(ref _held, null)?.SetResult();

    public async ValueTask RecordAsync(SignedBlock block)
    {
        if (_held is { } held)
        {
            _reached.TrySetResult();
            await held.Task;
        }

        Last = Failure is null ? block : throw Failure;
    }

    public ValueTask AcceptLossAsync(SignedBlock? block)
    {
        Last = block;
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
    }
}
