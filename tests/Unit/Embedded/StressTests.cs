using Kimura.Tests.Unit.Embedded.Grains;
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
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(new ClusterShape { Silos = 3 });
        long[] expected = new long[ledgers];
        Task[] clients = [.. Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(new Random(unchecked(seed + caller)))))];
        Task restarts = Task.Run(RestartAsync);
        await Task.WhenAll([.. clients, restarts]);
        for (int i = 0; i < ledgers; i++)
        {
            Assert.Equal(expected[i], await cluster.Client.GetGrain<ILedgerGrain>($"{i}").TotalAsync());
        }

        async Task CallAsync(Random random)
        {
            for (int i = 0; i < calls; i++)
            {
                int key = random.Next(ledgers);
                ILedgerGrain ledger = cluster.Client.GetGrain<ILedgerGrain>($"{key}");
                if (random.Next(10) == 0)
                {
                    await ledger.EndAsync();
                }
                else
                {
                    int amount = random.Next(1, 100);
                    await ledger.AddAsync(amount);
                    Interlocked.Add(ref expected[key], amount);
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
