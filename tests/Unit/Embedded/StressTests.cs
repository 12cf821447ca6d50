using Kimura.Tests.Unit.Embedded.Grains;
using Orleans;
using Orleans.Runtime;
using Xunit;

namespace Kimura.Tests.Unit.Embedded;

/// <summary>Many callers, grains that end, silos that stop: every answered write is there, once.</summary>
public sealed class StressTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Every_answered_write_counts_once_while_grains_end_and_silos_stop()
    {
        const int callers = 8;
        const int calls = 150;
        const int ledgers = 4;
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 3, ResponseTimeout = TimeSpan.FromSeconds(10) });
        long[] expected = new long[ledgers];
        long[] unanswered = new long[ledgers];
        Task[] clients = [.. Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(new Random(unchecked(seed + caller)))))];
        Task restarts = Task.Run(RestartAsync);
        await Task.WhenAll([.. clients, restarts]);
        IGrainFactory factory = cluster.FactoryOf(cluster.Silos[0]);
        for (int i = 0; i < ledgers; i++)
        {
            // What was not answered may be there or not, and not in part.
            Assert.InRange(await factory.GetGrain<ILedgerGrain>($"{i}").TotalAsync(), expected[i], expected[i] + unanswered[i]);
        }

        Assert.True(!ClusterHarness.StopsAtOnce || unanswered.Sum() == 0);

        async Task CallAsync(Random random)
        {
            for (int i = 0; i < calls; i++)
            {
                int key = random.Next(ledgers);
                ILedgerGrain ledger = cluster.Client.GetGrain<ILedgerGrain>($"{key}");
                int amount = random.Next(10) == 0 ? 0 : random.Next(1, 100);
                try
                {
                    await (amount == 0 ? ledger.EndAsync() : ledger.AddAsync(amount));
                    Interlocked.Add(ref expected[key], amount);
                }
                catch (Exception failure) when (!ClusterHarness.StopsAtOnce && failure is (OrleansException or TimeoutException))
                {
                    Interlocked.Add(ref unanswered[key], amount);
                }
            }
        }

        async Task RestartAsync()
        {
            for (int i = 0; i < 6; i++)
            {
                await cluster.StopSiloAsync($"Silo_{i % 3}");
                await cluster.StartSiloAsync($"Silo_{i % 3}");
            }
        }
    }
}
