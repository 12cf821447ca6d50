using Kimura.Storage.Ledger;

namespace Kimura.Grains.Pool;

/// <summary>Messages that reach the disk with one sync, and what became of it.</summary>
internal sealed class FlushGroup
{
    private readonly TaskCompletionSource<CommitOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<PendingMessage> Messages { get; } = [];

    public Task<CommitOutcome> Done => _done.Task;

    public void Complete(CommitOutcome outcome) => _done.SetResult(outcome);

    public void Fail(Exception exception) => _done.SetException(exception);
}
