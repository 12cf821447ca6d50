using Kimura.Interfaces;
using Kimura.Storage.Log;
using Npgsql;

namespace Kimura.Silo.Membership;

/// <summary>
/// Where the silos of a cluster write down who lives: the tables, and the statements that Orleans' ADO.NET clustering provider reads from
/// <c>OrleansQuery</c> and runs. They are this project's own (docs/decisions/membership-schema.md says what the provider expects of each),
/// in a schema of their own, so that nothing else in the database is touched. Each statement can be run again.
/// </summary>
internal static class MembershipSchema
{
    private const string Name = MembershipDatabase.Schema;

    // Any number, the same for all: two migrations at once must not meet.
    private const long MigrationLock = 0x6b696d6d656d;

    // In order; each can be run again.
    private static IReadOnlyList<string> Statements { get; } =
    [
        $"CREATE SCHEMA IF NOT EXISTS {Name}",
        $"""
        CREATE TABLE IF NOT EXISTS {Name}.cluster (
            cluster_id text PRIMARY KEY,
            version integer NOT NULL DEFAULT 0
        )
        """,
        $"""
        CREATE TABLE IF NOT EXISTS {Name}.silo (
            cluster_id text NOT NULL REFERENCES {Name}.cluster ON DELETE CASCADE,
            address text NOT NULL,
            port integer NOT NULL,
            generation integer NOT NULL,
            name text NOT NULL,
            host text NOT NULL,
            status integer NOT NULL,
            gateway_port integer NOT NULL,
            suspicions text,
            started timestamptz NOT NULL,
            alive timestamptz NOT NULL,
            PRIMARY KEY (cluster_id, address, port, generation)
        )
        """,
        $"""
        CREATE TABLE IF NOT EXISTS {Name}.orleansquery (
            querykey text PRIMARY KEY,
            querytext text NOT NULL
        )
        """,
        .. Queries.Select(query =>
            $"""
            INSERT INTO {Name}.orleansquery (querykey, querytext) VALUES ($key${query.Key}$key$, $query${query.Value}$query$)
            ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext
            """),
    ];

    /// <summary>Makes what is missing and brings the statements up to date, all or nothing. May be run again, and by several at once.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached, or does not allow it.</exception>
    public static async Task MigrateAsync(ClusterDatabase database, CancellationToken cancellationToken = default)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var statement in Statements.Prepend($"SELECT pg_advisory_xact_lock({MigrationLock})"))
        {
            await using var command = new NpgsqlCommand(statement, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The provider's statements by the names that it looks for.</summary>
    public static IReadOnlyDictionary<string, string> Queries => MembershipQueries.ByKey;
}
