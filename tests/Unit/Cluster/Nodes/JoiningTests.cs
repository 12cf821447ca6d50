using Kimura.Silo.Configuration;
using Kimura.Silo.Network;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Cluster.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Nodes;

/// <summary>Who may join a cluster, and how one that was away comes back.</summary>
[Collection(ClusterCollection.Name)]
public sealed class JoiningTests(SharedServer server)
{
    [Fact]
    public async Task A_silo_that_can_lead_must_have_the_clusters_key()
    {
        await using var cluster = new NodeCluster(await (await server.GetAsync()).CreateDatabaseAsync());
        await cluster.StartAsync("Silo_0", isLeader: true);
        var leader = TestKeys.Public("leader");
        var without = await Assert.ThrowsAsync<ConfigurationException>(() => cluster.StartAsync("Silo_1", isLeader: true, key: null));
        var path = Path.Combine(cluster.FolderOf("Silo_1"), "leader.key");
        Assert.Equal(
            $"--leader: this silo cannot lead without the cluster's key ({leader}): copy the key file of another leader-flagged silo to {path}, or name it with --key-file, "
            + "or start the silo with --leader false",
            without.Message);
        Assert.False(File.Exists(path));

        var other = await Assert.ThrowsAsync<ConfigurationException>(() => cluster.StartAsync("Silo_1", isLeader: true, key: "alice"));
        Assert.Equal(
            $"--leader: this silo cannot lead: its key file holds {TestKeys.Public("alice")}, but the cluster's blocks are signed with {leader}: copy the key file of another "
            + "leader-flagged silo, or start the silo with --leader false",
            other.Message);

        // Without the flag it needs none, and learns from the log whose blocks count.
        await cluster.StartAsync("Silo_1", isLeader: false);
        await cluster.ReachAsync("Silo_1", 1);
        Assert.Equal(leader.ToArray(), (await cluster.ReaderOf("Silo_1").GetStatusAsync()).LeaderKey.ToArray());
    }

    [Fact]
    public async Task A_silo_that_was_away_or_lost_its_disk_comes_back_by_itself()
    {
        await using var cluster = new NodeCluster(await (await server.GetAsync()).CreateDatabaseAsync());
        await cluster.StartAsync("Silo_0", isLeader: true);
        await cluster.StartAsync("Silo_1", isLeader: true);
        using var sender = new StubbornSender(3);
        await sender.SendAsync(() => (cluster.IntakeOf("Silo_0"), cluster.ReaderOf("Silo_1")), 30);
        await cluster.StopAsync("Silo_1");
        var tip = await cluster.ReachAsync("Silo_0", 5);
        await sender.SendAsync(() => (cluster.IntakeOf("Silo_0"), cluster.ReaderOf("Silo_0")), 30);
        Directory.Delete(Path.Combine(cluster.FolderOf("Silo_1"), "rocksdb"), recursive: true);
        await cluster.StartAsync("Silo_1", isLeader: true);
        await cluster.ReachAsync("Silo_1", tip.Height);

        // And it can lead.
        await cluster.KillAsync("Silo_0");
        await cluster.ReachAsync("Silo_1", (await cluster.ReaderOf("Silo_1").GetTipAsync()).Height + 1);
        await new ClusterCheck(cluster).CheckAsync([sender]);
    }

    [Fact]
    public async Task Every_silo_tells_peers_where_the_leading_one_is_also_after_a_failover()
    {
        await using var cluster = new NodeCluster(await (await server.GetAsync()).CreateDatabaseAsync());
        foreach (var silo in new[] { "Silo_0", "Silo_1", "Silo_2" })
        {
            await cluster.StartAsync(silo, isLeader: silo != "Silo_2");
        }

        var leading = cluster["Silo_0"].Services.GetRequiredService<StatusService>();
        await NodeCluster.UntilAsync(() => Task.FromResult(Named("Silo_1") == leading.Own!.Peer.ToString() && Named("Silo_2") == Named("Silo_1")), "all name Silo_0");
        await cluster.KillAsync("Silo_0");
        var next = cluster["Silo_1"].Services.GetRequiredService<StatusService>();
        await NodeCluster.UntilAsync(() => Task.FromResult(Named("Silo_1") == next.Own!.Peer.ToString() && Named("Silo_2") == Named("Silo_1")), "all name Silo_1");

        string? Named(string silo) => cluster[silo].Services.GetRequiredService<StatusService>().Told?.Peer.ToString();
    }
}
