using Kimura.Chain;
using Kimura.Storage.Log;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Kimura.Storage.Postgres;

/// <summary>Opens the shared log: an empty one gets the chain's genesis, another must be of this cluster, schema and chain.</summary>
public static class PostgresLogOpening
{
    private const string DefaultCluster = "kimura";

    /// <exception cref="StorageException">Refused, with one line that says what differs and what to do.</exception>
    /// <exception cref="LogUnavailableException">The database cannot be reached.</exception>
    public static async Task<PostgresLog> OpenAsync(
        ClusterDatabase database, string clusterId, ChainParameters parameters, TimeProvider time, ILogger logger)
    {
        var session = new PostgresSession(database);
        try
        {
            await CheckServerAsync(session);
            await CreateAsync(session, clusterId, parameters);
            await CheckAsync(session, database, clusterId, parameters);
            var log = new PostgresLog(session, time, logger);
            await log.ReadNewsAsync();
            return log;
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedColumn)
        {
            await session.DisposeAsync();
            throw Refused($"the cluster's database {database} has no tables of this version: run python3 blockchain.py cluster migrate");
        }
        catch (PostgresException exception)
        {
            await session.DisposeAsync();
            throw PostgresSession.Unavailable(exception);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    // Answered means durable: not on a server that answers before its disk does.
    private static async Task CheckServerAsync(PostgresSession session)
    {
        var (fsync, commit) = await session.OneAsync(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit')", [], reader => (reader.GetString(0), reader.GetString(1)));
        if (fsync != "on" || commit is "off" or "local")
        {
            throw Refused($"the cluster's database answers before its data is on disk (fsync = {fsync}, synchronous_commit = {commit}): set both to on");
        }
    }

    private static async Task CreateAsync(PostgresSession session, string clusterId, ChainParameters parameters)
    {
        var genesis = parameters.Genesis;
        await session.ChangeAsync(
            "WITH made AS (INSERT INTO kimura_log (schema_version, cluster_id, chain_id, genesis_hash) VALUES ($1, $2, $3::text, $4) ON CONFLICT DO NOTHING RETURNING 1) "
            + "INSERT INTO kimura_blocks (height, hash, encoding, message_bytes) SELECT 0, $4, $5, 0 FROM made",
            PostgresSchema.Version, clusterId, parameters.ChainId, genesis.Hash.Value.ToArray(), genesis.Encoding.ToArray());
    }

    private static async Task CheckAsync(PostgresSession session, ClusterDatabase database, string clusterId, ChainParameters parameters)
    {
        var (schema, cluster, chainId, genesis) = await session.OneAsync(
            "SELECT schema_version, cluster_id, chain_id, genesis_hash FROM kimura_log",
            [],
            reader => (reader.GetInt32(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetFieldValue<byte[]>(3)));
        if (schema != PostgresSchema.Version)
        {
            throw Refused($"the cluster's database {database} has schema version {schema}, this node reads {PostgresSchema.Version}: use the node version that wrote it");
        }

        if (cluster != clusterId)
        {
            throw Refused($"the database {database} is of cluster '{cluster}', the node was started for '{clusterId}': "
                + (cluster == DefaultCluster ? "start it without --cluster-id" : $"start it with --cluster-id {cluster}") + ", or use another --cluster-db");
        }

        if (!string.Equals(chainId, parameters.ChainId, StringComparison.Ordinal))
        {
            throw Refused($"the cluster's database {database} is of {Describe(chainId)}, the node was started for {Describe(parameters.ChainId)}: "
                + (chainId is null ? "start it without --chain-id" : $"start it with --chain-id {chainId}") + ", or use another --cluster-db");
        }

        if (!genesis.AsSpan().SequenceEqual(parameters.Genesis.Hash.Value.ToArray()))
        {
            throw Refused($"the cluster's database {database} has genesis hash {Convert.ToHexStringLower(genesis)}, this chain has {parameters.Genesis.Hash}: use another --cluster-db");
        }
    }

    private static string Describe(string? chainId) => chainId is null ? "the chain without an id" : $"chain '{chainId}'";

    private static StorageException Refused(string message) => new(StorageFault.Refused, message);
}
