using System.Collections.Concurrent;
using Kimura.Tests.Simulation;
using Xunit;

namespace Kimura.Tests.Unit.Simulation;

/// <summary>The whole network under faults, a few histories of it; <c>blockchain.py simulate</c> runs thousands.</summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private const int Seeds = 12;
    private const int Repeated = 4;

    [Fact]
    public void No_promise_is_broken_under_faults_and_one_seed_is_one_history()
    {
        var outcomes = new ConcurrentDictionary<(ulong Seed, int Run), Outcome>();
        var runs = Enumerable.Range(1, Seeds).Select(seed => ((ulong)seed, 0)).Concat(Enumerable.Range(1, Repeated).Select(seed => ((ulong)seed, 1)));
        Parallel.ForEach(runs, new ParallelOptions { MaxDegreeOfParallelism = 2 }, run => outcomes[run] = History.Live(run.Item1));

        Assert.All(outcomes.Values, outcome =>
        {
            output.WriteLine($"{outcome.Seed} {outcome.Hash} {outcome.Time.TotalSeconds} s, {string.Join(' ', outcome.Faults)}");
            Assert.Null(outcome.Violation);
            Assert.True(outcome.Faults.Distinct().Count() >= 5, "at least five kinds of faults");
            Assert.True(outcome.Time >= TimeSpan.FromSeconds(60), "at least a minute");
            Assert.True(outcome.Answered > 200, $"{outcome.Answered} messages were answered");
        });
        Assert.All(Enumerable.Range(1, Repeated), seed => Assert.Equal(outcomes[((ulong)seed, 0)].Hash, outcomes[((ulong)seed, 1)].Hash));
        Assert.Equal(Seeds, outcomes.Values.Select(outcome => outcome.Hash).Distinct().Count());
    }
}
