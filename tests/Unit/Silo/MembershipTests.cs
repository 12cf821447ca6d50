using Kimura.Interfaces;
using Kimura.Silo.Membership;
using Kimura.Tests.Unit.Cluster.Postgres;
using Npgsql;
using Xunit;

namespace Kimura.Tests.Unit.Silo;

/// <summary>The membership's tables and statements on a real PostgreSQL, run as Orleans' provider runs them.</summary>
public sealed class MembershipTests(SharedServer server)
{
    [Fact]
    public async Task The_migration_can_be_run_again_and_by_several_at_once()
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MembershipSchema.MigrateAsync(database, TestContext.Current.CancellationToken)));
        await using var table = new Table(MembershipDatabase.ConnectionString(database.ConnectionString));
        Assert.Equal(1L, await table.RunAsync("InsertMembershipVersionKey"));
        await MembershipSchema.MigrateAsync(database, TestContext.Current.CancellationToken);
        Assert.Equal(0L, await table.RunAsync("InsertMembershipVersionKey"));
    }

    [Fact]
    public async Task A_change_needs_the_version_that_was_read_and_raises_it()
    {
        await using var table = await NewTableAsync();
        Assert.Equal([(0, null)], await table.ReadAsync("MembershipReadAllKey"));
        Assert.Equal(0L, await table.RunAsync("InsertMembershipKey", ("Version", 1)));
        Assert.Equal(1L, await table.RunAsync("InsertMembershipKey", ("Version", 0)));
        Assert.Equal(0L, await table.RunAsync("InsertMembershipKey", ("Version", 1)));
        Assert.Equal(0L, await table.RunAsync("UpdateMembershipKey", ("Version", 0), ("Status", 6)));
        Assert.Equal(0L, await table.RunAsync("UpdateMembershipKey", ("Version", 1), ("Port", 9)));
        Assert.Equal([(1, 3)], await table.ReadAsync("MembershipReadAllKey"));
        Assert.Equal(1L, await table.RunAsync("UpdateMembershipKey", ("Version", 1), ("Status", 6)));
        Assert.Equal([(2, 6)], await table.ReadAsync("MembershipReadRowKey"));
        Assert.Equal([(2, null)], await table.ReadAsync("MembershipReadRowKey", ("Port", 9)));
    }

    [Fact]
    public async Task Of_silos_that_change_the_table_at_once_one_gets_through()
    {
        await using var table = await NewTableAsync();
        for (var version = 0; version < 10; version++)
        {
            var done = await Task.WhenAll(Enumerable.Range(0, 8).Select(silo => table.RunAsync("InsertMembershipKey", ("Version", version), ("Port", (100 * version) + silo))));
            Assert.Equal(1L, done.Sum());
        }

        Assert.Equal(10, (await table.ReadAsync("MembershipReadAllKey")).Count);
    }

    [Fact]
    public async Task A_silo_that_died_long_ago_is_cleaned_away_and_a_living_one_never()
    {
        await using var table = await NewTableAsync();
        await table.RunAsync("InsertMembershipKey", ("Version", 0), ("Port", 1), ("Status", 3));
        await table.RunAsync("InsertMembershipKey", ("Version", 1), ("Port", 2), ("Status", 6));
        await table.RunAsync("UpdateIAmAlivetimeKey", ("Port", 1), ("IAmAliveTime", DateTime.UnixEpoch));
        await table.RunAsync("UpdateIAmAlivetimeKey", ("Port", 2), ("IAmAliveTime", DateTime.UnixEpoch));
        await table.RunAsync("CleanupDefunctSiloEntriesKey", ("IAmAliveTime", DateTime.UnixEpoch.AddSeconds(1)));
        Assert.Equal([(2, 3)], await table.ReadAsync("MembershipReadAllKey"));
        await table.RunAsync("DeleteMembershipTableEntriesKey");
        Assert.Empty(await table.ReadAsync("MembershipReadAllKey"));
    }

    private async Task<Table> NewTableAsync()
    {
        var database = await (await server.GetAsync()).CreateDatabaseAsync();
        await MembershipSchema.MigrateAsync(database, TestContext.Current.CancellationToken);
        var table = new Table(MembershipDatabase.ConnectionString(database.ConnectionString));
        await table.RunAsync("InsertMembershipVersionKey");
        return table;
    }

    /// <summary>Reads the statements from the table, as the provider does, and runs them with its parameters.</summary>
    private sealed class Table(string connectionString) : IAsyncDisposable
    {
        private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(connectionString);

        /// <summary>The one number of the answer; 0 where there is none.</summary>
        public async Task<long> RunAsync(string key, params (string Name, object Value)[] parameters)
        {
            await using var command = await CommandAsync(key, parameters);
            return Convert.ToInt64(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) ?? 0);
        }

        /// <summary>Version and status of each row.</summary>
        public async Task<List<(int Version, int? Status)>> ReadAsync(string key, params (string Name, object Value)[] parameters)
        {
            await using var command = await CommandAsync(key, parameters);
            await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
            List<(int Version, int? Status)> rows = [];
            while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            {
                rows.Add((reader.GetInt32(reader.GetOrdinal("Version")), reader.IsDBNull(reader.GetOrdinal("Status")) ? null : reader.GetInt32(reader.GetOrdinal("Status"))));
            }

            return rows;
        }

        public ValueTask DisposeAsync() => _source.DisposeAsync();

        private async Task<NpgsqlCommand> CommandAsync(string key, (string Name, object Value)[] parameters)
        {
            await using var query = _source.CreateCommand("SELECT QueryText FROM OrleansQuery WHERE QueryKey = $1");
            query.Parameters.Add(new NpgsqlParameter { Value = key });
            var text = (string)(await query.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
            var values = new Dictionary<string, object>
            {
                ["DeploymentId"] = "tests", ["Address"] = "127.0.0.1", ["Port"] = 1, ["Generation"] = 7, ["SiloName"] = "Silo_0", ["HostName"] = "here", ["Status"] = 3,
                ["ProxyPort"] = 2, ["SuspectTimes"] = DBNull.Value, ["StartTime"] = DateTime.UtcNow, ["IAmAliveTime"] = DateTime.UtcNow, ["Version"] = 0,
            };
            foreach (var (name, value) in parameters)
            {
                values[name] = value;
            }

            var command = _source.CreateCommand(text);
            foreach (var (name, value) in values.Where(pair => text.Contains($"@{pair.Key}", StringComparison.Ordinal)))
            {
                command.Parameters.Add(new NpgsqlParameter(name, value));
            }

            return command;
        }
    }
}
