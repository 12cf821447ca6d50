using Kimura.Chain.Verification;

namespace Kimura.Tests.Unit.Chain;

/// <summary>Work in two ranges, one after the other on the caller's thread, the later one first: order must not matter.</summary>
internal sealed class InlineWorkers : IWorkers
{
    public static InlineWorkers Instance { get; } = new();

    public Task RunAsync(int count, Action<int, int> work)
    {
        work(count / 2, count);
        work(0, count / 2);
        return Task.CompletedTask;
    }
}
