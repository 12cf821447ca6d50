using System.Text;
using Kimura.Interfaces;
using Kimura.Tests.Unit.Cluster.Postgres;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Nodes;

/// <summary>
/// Three silos, two of them with the leader flag, whose leading one is killed again and again under load; KIMURA_CLUSTER_KILLS says how often.
/// </summary>
[Collection(ClusterCollection.Name)]
public sealed class FailoverTests(SharedServer server, ITestOutputHelper output)
{
    private static readonly string[] Flagged = ["Silo_0", "Silo_1"];
    private static readonly string[] All = ["Silo_0", "Silo_1", "Silo_2"];

    [Fact]
    public async Task Whoever_leads_may_be_killed_at_any_moment_and_nothing_answered_is_lost_or_doubled()
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("KIMURA_CLUSTER_KILLS") ?? "8");
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var cluster = new NodeCluster(await (await server.GetAsync()).CreateDatabaseAsync());
        foreach (var silo in All)
        {
            await cluster.StartAsync(silo, isLeader: Flagged.Contains(silo));
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var check = new ClusterCheck(cluster);
        var watching = check.WatchAsync(All, stop.Token);
        var senders = Enumerable.Range(0, 4).Select(i => new StubbornSender(seed + i)).ToList();
        var sending = senders.Select((sender, i) => sender.RunAsync(ChooseOf(cluster, seed + 100 + i), 1 + (i * 7), stop.Token)).ToList();
        var killed = new List<ulong>();
        for (var round = 0; round < kills; round++)
        {
            // In the middle of whatever is under way.
            var height = (await cluster.ReachAsync("Silo_2", killed.Count == 0 ? 1 : killed[^1] + 1)).Height;
            await Task.Delay(random.Next(0, 150), stop.Token);
            var leading = cluster.Leading ?? Flagged[round % 2];
            await cluster.KillAsync(leading);
            killed.Add((await cluster.ReaderOf("Silo_2").GetTipAsync()).Height);
            await cluster.ReachAsync("Silo_2", Math.Max(height, killed[^1]));
            await cluster.StartAsync(leading, isLeader: true);
            await cluster.ReachAsync(leading, killed[^1]);
            output.WriteLine($"kill {round + 1}: {leading} at height {killed[^1]}");
        }

        await stop.CancelAsync();
        await Task.WhenAll(sending);
        var blocks = await check.CheckAsync(senders);
        await watching;
        var gaps = killed.Select(height => blocks[(int)height].Header.Timestamp - blocks[(int)height - 1].Header.Timestamp).Order().ToList();
        output.WriteLine(
            $"seed {seed}: {kills} kills, {senders.Sum(sender => sender.Answered.Count)} messages answered, 0 lost, 0 doubled, {blocks.Count} blocks; "
            + $"gap between blocks at failover p50 {gaps[gaps.Count / 2]} ms, p99 {gaps[(int)(gaps.Count * 0.99)]} ms, longest {gaps[^1]} ms");
        Assert.True(gaps[^1] < 20_000, $"a failover took {gaps[^1]} ms");
        senders.ForEach(sender => sender.Dispose());
    }

    [Fact]
    public async Task A_silo_without_the_flag_never_leads_reads_without_a_leader_and_goes_on_with_the_next_one()
    {
        await using var cluster = new NodeCluster(await (await server.GetAsync()).CreateDatabaseAsync());
        await cluster.StartAsync("Silo_0", isLeader: true);
        await cluster.StartAsync("Silo_2", isLeader: false);
        using var sender = new StubbornSender(7);
        await sender.SendAsync(() => (cluster.IntakeOf("Silo_2"), cluster.ReaderOf("Silo_2")), 20);
        await NodeCluster.UntilAsync(
            async () => (await cluster.ReaderOf("Silo_2").GetMessageAsync(sender.Answered[^1].Value.ToArray())).Record is { IsConfirmed: true }, "all confirmed");
        await cluster.KillAsync("Silo_0");

        var other = new StubbornSender(8);
        var alone = await cluster.IntakeOf("Silo_2").SubmitAsync(StubbornSender.Batch(other, 0));
        Assert.Equal([SubmissionOutcome.Unavailable], alone.Results.Select(result => result.Outcome));
        Assert.Equal(20ul, (await cluster.ReaderOf("Silo_2").GetNonceAsync(sender.Sender.ToArray())).Nonce);
        Assert.NotNull((await cluster.ReaderOf("Silo_2").GetMessageAsync(sender.Answered[0].Value.ToArray())).Record);
        Assert.Null(cluster.Leading);
        var status = await cluster.ReaderOf("Silo_2").GetStatusAsync();
        Assert.False(status.IsLeader);
        Assert.Equal(["Silo_2"], status.Cluster!.Silos);
        Assert.Equal("Silo_0", status.Cluster.Leader);

        await cluster.StartAsync("Silo_1", isLeader: true);
        await cluster.ReachAsync("Silo_2", status.Tip.Height);
        await other.SendAsync(() => (cluster.IntakeOf("Silo_2"), cluster.ReaderOf("Silo_2")), 5);
        Assert.Equal("Silo_1", cluster.Leading);
        await NodeCluster.UntilAsync(async () => (await cluster.ReaderOf("Silo_2").GetStatusAsync()).Cluster!.Leader == "Silo_1", "the new leader is known");
        var after = (await cluster.ReaderOf("Silo_2").GetStatusAsync()).Cluster!;
        Assert.Equal(["Silo_1", "Silo_2"], after.Silos);
        Assert.True(after.IsLogReachable && after.Epoch > status.Cluster.Epoch && after.ReplicaLag <= 1, $"{after}");
        using var http = new HttpClient();
        using var asked = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"get_status"}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(cluster["Silo_2"].RpcAddress, asked, TestContext.Current.CancellationToken);
        Assert.Contains(
            $"\"cluster\":{{\"silos\":[\"Silo_1\",\"Silo_2\"],\"leader\":\"Silo_1\",\"epoch\":{after.Epoch},\"replica_lag\":",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        await new ClusterCheck(cluster).CheckAsync([sender, other]);
        other.Dispose();
    }

    private static Func<(IIntakeGrain Intake, IChainReader Reader)> ChooseOf(NodeCluster cluster, int seed)
    {
        var random = new Random(seed);
        return () =>
        {
            var running = cluster.Running.ToList();
            return (cluster.IntakeOf(running[random.Next(running.Count)]), cluster.ReaderOf(running[random.Next(running.Count)]));
        };
    }
}
