using Kimura.Chain.Verification;

namespace Kimura.Tests.Simulation.Node;

/// <summary>Work for several cores, done at once and in place.</summary>
internal sealed class InlineWorkers : IWorkers
{
    public Task RunAsync(int count, Action<int, int> work)
    {
        if (count > 0)
        {
            work(0, count);
        }

        return Task.CompletedTask;
    }
}
