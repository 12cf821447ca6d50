using Kimura.Chain;
using Kimura.Storage;
using Kimura.Storage.Postgres;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Cluster.Logs;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Postgres;

public sealed class PostgresOpeningTests(SharedServer server)
{
    private static readonly ChainParameters Parameters = new("kimura-test");

    [Fact]
    public async Task A_database_without_tables_is_refused_and_migration_makes_them_once()
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync(withTables: false);
        var refusal = await Assert.ThrowsAsync<StorageException>(() => PostgresLogs.OpenAsync(database, Parameters));
        Assert.Equal(StorageFault.Refused, refusal.Fault);
        Assert.Equal($"the cluster's database {database} has no tables of this version: run python3 blockchain.py cluster migrate", refusal.Message);

        var stop = TestContext.Current.CancellationToken;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostgresSchema.MigrateAsync(database, stop)));
        await using (var log = await PostgresLogs.OpenAsync(database, Parameters))
        {
            Assert.True(await log.TakeLeaderEpochAsync(7));
        }

        await PostgresSchema.MigrateAsync(database, stop);
        await using var again = await PostgresLogs.OpenAsync(database, Parameters);
        Assert.Equal(7ul, again.LeaderEpoch);
    }

    [Theory]
    [InlineData("UPDATE kimura_log SET schema_version = 9", "the cluster's database {0} has schema version 9, this node reads 1: use the node version that wrote it")]
    [InlineData("UPDATE kimura_log SET cluster_id = 'east'", "the database {0} is of cluster 'east', the node was started for 'kimura': start it with --cluster-id east, or use another --cluster-db")]
    [InlineData("UPDATE kimura_log SET chain_id = 'other'", "the cluster's database {0} is of chain 'other', the node was started for chain 'kimura-test': start it with --chain-id other, or use another --cluster-db")]
    [InlineData("UPDATE kimura_log SET chain_id = NULL", "the cluster's database {0} is of the chain without an id, the node was started for chain 'kimura-test': start it without --chain-id, or use another --cluster-db")]
    [InlineData("UPDATE kimura_log SET genesis_hash = '\\x00'", "the cluster's database {0} has genesis hash 00, this chain has {1}: use another --cluster-db")]
    public async Task A_log_of_another_chain_is_refused(string change, string message)
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync();
        await (await PostgresLogs.OpenAsync(database, Parameters)).DisposeAsync();
        await PostgresServer.ExecuteAsync(database, change);
        var refusal = await Assert.ThrowsAsync<StorageException>(() => PostgresLogs.OpenAsync(database, Parameters));
        Assert.Equal(string.Format(message, database, Parameters.Genesis.Hash), refusal.Message);
    }

    [Fact]
    public async Task Commits_are_synchronous_whatever_the_roles_setting_is()
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync();
        await using var session = new PostgresSession(database);
        await PostgresServer.ExecuteAsync(database, "ALTER ROLE kimura SET synchronous_commit = off");
        try
        {
            Assert.Equal("on", await session.OneAsync("SELECT current_setting('synchronous_commit')", [], reader => reader.GetString(0)));
        }
        finally
        {
            await PostgresServer.ExecuteAsync(database, "ALTER ROLE kimura RESET synchronous_commit");
        }
    }

    [Fact]
    public async Task A_server_that_does_not_sync_its_disk_is_refused()
    {
        await using var careless = await SharedServer.StartNewAsync("-c", "fsync=off");
        var database = await careless.CreateDatabaseAsync();
        var refusal = await Assert.ThrowsAsync<StorageException>(() => PostgresLogs.OpenAsync(database, Parameters));
        Assert.Equal("the cluster's database answers before its data is on disk (fsync = off, synchronous_commit = on): set both to on", refusal.Message);
    }

    [Fact]
    public async Task The_first_key_that_is_brought_is_the_clusters()
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync();
        await using var log = await PostgresLogs.OpenAsync(database, Parameters);
        Assert.Null(await log.AgreeOnLeaderKeyAsync(null));
        Assert.Equal(TestKeys.Public("leader"), await log.AgreeOnLeaderKeyAsync(TestKeys.Public("leader")));
        Assert.Equal(TestKeys.Public("leader"), await log.AgreeOnLeaderKeyAsync(TestKeys.Public("alice")));
        Assert.Equal(TestKeys.Public("leader"), await log.AgreeOnLeaderKeyAsync(null));
    }

    [Fact]
    public async Task A_damaged_log_says_what_is_wrong()
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync();
        await using var log = await PostgresLogs.OpenAsync(database, Parameters);
        await PostgresServer.ExecuteAsync(database, "UPDATE kimura_blocks SET encoding = '\\x01'");
        var damage = await Assert.ThrowsAsync<StorageException>(() => log.ReadBlocksAsync(0, 1));
        Assert.Equal(
            (StorageFault.Corrupt, "the cluster's database is damaged: block 0 is not the encoding of that block; restore it from a backup"), (damage.Fault, damage.Message));
    }
}
