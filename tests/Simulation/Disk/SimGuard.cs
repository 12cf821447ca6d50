using Kimura.Storage;
using Kimura.Storage.SignGuard;
using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Disk;

/// <summary>The sign guard on a simulated disk: a record that is cut off leaves the one before, or is whole.</summary>
internal sealed class SimGuard(Platter platter, DiskTrouble trouble, Life life, SimRandom random) : ISignGuard
{
    private Task _turn = Task.CompletedTask;
    private SignedBlock? _writing;
    private bool _hasFailed;

    public SignedBlock? Last { get; private set; } = platter.Guard;

    public ValueTask RecordAsync(SignedBlock block)
    {
        if (Last is { } last && block.Height <= last.Height)
        {
            return block.Height == last.Height && block.Hash.Span.SequenceEqual(last.Hash.Span)
                ? ValueTask.CompletedTask
                : throw life.World.Violation($"height {block.Height} is signed after height {last.Height}, on {life.Name}");
        }

        return new ValueTask(_turn = WriteAsync(_turn, block));
    }

    public ValueTask AcceptLossAsync(SignedBlock? block) => throw new NotSupportedException("no operator accepts lost blocks here");

    public void Dispose()
    {
    }

    /// <summary>The process ends now.</summary>
    public void Crash()
    {
        if (_writing is { } writing && random.Chance(0.5))
        {
            platter.Guard = writing;
        }
    }

    private async Task WriteAsync(Task before, SignedBlock block)
    {
        await before;
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var copy = new SignedBlock(block.Height, block.Hash.ToArray());
        _writing = copy;
        life.After(trouble.DurationOf(life.World, random, sync: true), () => Finish(copy, written));
        await written.Task;
    }

    private void Finish(SignedBlock block, TaskCompletionSource written)
    {
        _writing = null;
        if (_hasFailed || trouble.FailsGuard || trouble.IsFull(life.World))
        {
            (_hasFailed, trouble.FailsGuard) = (true, false);
            written.SetException(new StorageException(StorageFault.Failed, "the sign guard cannot be written"));
            return;
        }

        (platter.Guard, Last) = (block, block);
        written.SetResult();
    }
}
