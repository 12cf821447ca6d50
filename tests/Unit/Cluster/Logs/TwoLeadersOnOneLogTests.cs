using Kimura.Interfaces;
using Kimura.Storage.Log;
using Kimura.Storage.Postgres;
using Kimura.Tests.Unit.Cluster.Postgres;
using Kimura.Tests.Unit.Embedded.Harness;
using Kimura.Tests.Unit.Grains;
using Kimura.Tests.Unit.Storage.Ledger;
using Orleans.Storage;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Logs;

/// <summary>
/// Two silos that each believe to be the whole cluster, over one shared log: leader and pool are active twice, all the time. Each interval both
/// make a block; who is fenced comes up again with a new epoch and fences the other. KIMURA_DUPLICATE_ACTIVATIONS says how many activations
/// there must be.
/// </summary>
public sealed class TwoLeadersOnOneLogTests(SharedServer server, ITestOutputHelper output)
{
    [Fact]
    public async Task No_height_gets_two_blocks_in_memory()
    {
        await using var keeper = await LedgerFixture.CreateAsync(takesEpochs: false);
        var state = new MemoryLogState(keeper.Parameters);
        var grains = new MemoryStorage();
        await RunAsync(Activations(300), () => (new MemoryLog(state, TimeProvider.System), grains));
    }

    [Fact]
    public async Task No_height_gets_two_blocks_in_postgres()
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync();
        await using var keeper = await LedgerFixture.CreateAsync(takesEpochs: false);
        var logs = new List<PostgresLog> { await PostgresLogs.OpenAsync(database, keeper), await PostgresLogs.OpenAsync(database, keeper) };
        await using var grains = new PostgresGrainStorage(database);
        var next = 0;
        await RunAsync(Activations(100), () => (logs[next++], grains));
        foreach (var log in logs)
        {
            await log.DisposeAsync();
        }
    }

    private static int Activations(int standard) => int.Parse(Environment.GetEnvironmentVariable("KIMURA_DUPLICATE_ACTIVATIONS") ?? $"{standard}");

    private async Task RunAsync(int activations, Func<(ISharedLog Log, IGrainStorage State)> share)
    {
        var shares = new[] { share(), share() };
        await using var first = await GrainFixture.CreateAsync(new NodeShape { Shared = shares[0] });
        await using var second = await GrainFixture.CreateAsync(new NodeShape { Shared = shares[1] });
        GrainFixture[] silos = [first, second];
        var nonces = new Dictionary<string, ulong> { ["alice"] = 0, ["bob"] = 0 };
        var accepted = 0;
        ulong epoch = 0;
        for (var round = 0; epoch < (ulong)activations; round++)
        {
            // Both are due at once, and a client of either submits meanwhile.
            await Task.WhenAll(silos.Select(silo => AttemptAsync(() => silo.TickAsync())));
            var at = silos[round % 2];
            var sender = round % 3 == 0 ? "alice" : "bob";
            var message = first.Ledger.Sign(sender, nonces[sender], $"round {round}");
            SubmissionOutcome outcome;
            do
            {
                outcome = (await at.SubmitAsync(message)).Results[0].Outcome;
            }
            while (outcome == SubmissionOutcome.Unavailable);

            // Two that fence each other make few blocks: the pool may fill up, and who was sent away comes again.
            Assert.True(outcome is SubmissionOutcome.Accepted or SubmissionOutcome.Duplicate or SubmissionOutcome.PoolFull, $"{outcome}");
            if (outcome != SubmissionOutcome.PoolFull)
            {
                nonces[sender]++;
                accepted++;
            }

            epoch = (await shares[0].Log.ReadNewsAsync()).LeaderEpoch;
        }

        await CheckAsync(shares[0].Log, silos, accepted);
    }

    // Whoever is fenced, or comes too late, says so with an exception: the next interval brings it up again.
    private static async Task AttemptAsync(Func<Task> attempt)
    {
        try
        {
            await attempt();
        }
        catch (Orleans.Runtime.OrleansException exception)
        {
            Assert.NotEmpty(exception.Message);
        }
    }

    private async Task CheckAsync(ISharedLog log, GrainFixture[] silos, int accepted)
    {
        var tip = await log.ReadTipAsync();
        ulong height = 0;
        var messages = (await log.ReadPendingAsync()).Messages.Count;
        while (height < tip.Height)
        {
            foreach (var (block, bodies) in await log.ReadBlocksAsync(height + 1, 500))
            {
                Assert.Equal(++height, block.Height);
                messages += bodies!.Count;
                foreach (var silo in silos)
                {
                    if (await silo.Ledger.Chain.GetBlockAsync(height) is { } stored)
                    {
                        Assert.Equal(block.Hash, stored.Hash);
                    }
                }
            }
        }

        // What either said it made is in the log, and nothing else is.
        var produced = silos.SelectMany(silo => silo.Log.Lines).Select(line => line.Text).Where(text => text.StartsWith("Produced block", StringComparison.Ordinal)).ToList();
        Assert.Equal(tip.Height, (ulong)produced.Count);
        Assert.Equal(produced.Count, produced.Select(text => text.Split(' ')[2]).Distinct().Count());
        Assert.Equal(accepted, messages);
        var news = await log.ReadNewsAsync();
        output.WriteLine($"{news.LeaderEpoch} activations of the leader, two at a time: {tip.Height} blocks, {messages} messages, 0 heights with two blocks");
    }
}
