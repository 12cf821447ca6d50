using Kimura.Storage.RocksDb;

namespace Kimura.Tests.Unit.Storage;

/// <summary>Holds a store's writer before each write until released, and can make one fail.</summary>
internal sealed class HeldWriter : IDisposable
{
    private readonly ManualResetEventSlim _open = new();
    private TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal HeldWriter() => Hooks = new RocksDbHooks { BeforeWrite = BeforeWrite };

    internal RocksDbHooks Hooks { get; }

    /// <summary>The number, from 1, of the run that fails.</summary>
    internal int FailAtRun { get; init; }

    /// <summary>How many commits each run had.</summary>
    internal List<int> Runs { get; } = [];

    /// <summary>Completes when the writer stands before a write.</summary>
    internal Task Reached => _reached.Task;

    internal void Release() => _open.Set();

    internal void Hold()
    {
        _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _open.Reset();
    }

    public void Dispose() => _open.Dispose();

    private string? BeforeWrite(int commits)
    {
        Runs.Add(commits);
        _reached.TrySetResult();
        return _open.Wait(TimeSpan.FromSeconds(30)) && Runs.Count != FailAtRun ? null : "IO error: disk on fire";
    }
}
