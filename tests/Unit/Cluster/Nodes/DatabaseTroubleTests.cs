using Kimura.Interfaces;
using Kimura.Storage;
using Kimura.Tests.Unit.Cluster.Postgres;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Nodes;

/// <summary>A cluster whose PostgreSQL goes away under load, comes back, or comes back as it was before.</summary>
[Collection(ClusterCollection.Name)]
public sealed class DatabaseTroubleTests(ITestOutputHelper output)
{
    private static readonly string[] All = ["Silo_0", "Silo_1", "Silo_2"];

    [Fact]
    public async Task A_database_that_is_stopped_or_killed_under_load_is_waited_for_and_nothing_answered_is_lost()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("KIMURA_CLUSTER_OUTAGES") ?? "2");
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var server = await SharedServer.StartNewAsync();
        await using var cluster = new NodeCluster(await server.CreateDatabaseAsync());
        foreach (var silo in All)
        {
            await cluster.StartAsync(silo, isLeader: silo != "Silo_2");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var check = new ClusterCheck(cluster);
        var watching = check.WatchAsync(All, stop.Token);
        var senders = Enumerable.Range(0, 4).Select(i => new StubbornSender(seed + i)).ToList();
        var sending = senders.Select((sender, i) => sender.RunAsync(() => (cluster.IntakeOf(All[i % 3]), cluster.ReaderOf(All[(i + 1) % 3])), 1 + (i * 7), stop.Token)).ToList();
        for (var round = 0; round < rounds; round++)
        {
            var height = (await cluster.ReachAsync("Silo_2", (await cluster.ReaderOf("Silo_2").GetTipAsync()).Height + 1)).Height;
            await Task.Delay(random.Next(0, 150), stop.Token);
            await (round % 2 == 0 ? server.KillAsync() : server.StopAsync());

            // Reads go on, submissions are refused.
            using var other = new StubbornSender(seed + 1_000 + round);
            Assert.NotNull(await cluster.ReaderOf("Silo_1").GetBlockAsync(height, withMessages: true));
            Assert.Equal([SubmissionOutcome.Unavailable], (await cluster.IntakeOf("Silo_2").SubmitAsync(StubbornSender.Batch(other, 0))).Results.Select(result => result.Outcome));
            Assert.True((await cluster.ReaderOf("Silo_0").GetNonceAsync(other.Sender.ToArray())).IsUnreachable);
            await server.StartAsync();
            await cluster.ReachAsync("Silo_2", height + 2);
        }

        await stop.CancelAsync();
        await Task.WhenAll(sending);
        var blocks = await check.CheckAsync(senders);
        await watching;
        output.WriteLine($"{rounds} outages, {senders.Sum(sender => sender.Answered.Count)} messages answered, 0 lost, 0 doubled, {blocks.Count} blocks");
        Assert.All(All, silo => Assert.False(cluster[silo].Failed.IsCompleted));
        senders.ForEach(sender => sender.Dispose());
    }

    [Fact]
    public async Task A_log_that_was_put_back_to_an_older_state_ends_the_silos_with_a_clear_word()
    {
        await using var server = await SharedServer.StartNewAsync();
        await using var cluster = new NodeCluster(await server.CreateDatabaseAsync());
        await cluster.StartAsync("Silo_0", isLeader: true);
        await cluster.StartAsync("Silo_1", isLeader: false);
        var tip = await cluster.ReachAsync("Silo_1", 3);
        await cluster.StopAsync("Silo_0");
        await PostgresServer.ExecuteAsync(cluster.Database, "DELETE FROM kimura_blocks WHERE height > 1");

        // One that runs notices, and one that starts.
        var failure = await cluster["Silo_1"].Failed.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(StorageFault.Refused, failure.Fault);
        Assert.StartsWith("the cluster's log ends at height 1, but this silo holds block ", failure.Message);
        var refusal = await Assert.ThrowsAsync<StorageException>(() => cluster.StartAsync("Silo_0", isLeader: true));
        Assert.Equal(StorageFault.Refused, refusal.Fault);
        Assert.StartsWith("the cluster's log ends at height 1, but this silo holds block ", refusal.Message);
        Assert.True(tip.Height > 3);

        // A silo that lost its disk but kept its key's guard knows, too.
        Directory.Delete(Path.Combine(cluster.FolderOf("Silo_0"), "rocksdb"), recursive: true);
        refusal = await Assert.ThrowsAsync<StorageException>(() => cluster.StartAsync("Silo_0", isLeader: true));
        Assert.StartsWith("the cluster's log ends at height 1, but this key has signed block ", refusal.Message);
    }
}
