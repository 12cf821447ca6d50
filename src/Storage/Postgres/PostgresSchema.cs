using Kimura.Storage.Log;
using Npgsql;

namespace Kimura.Storage.Postgres;

/// <summary>The tables and functions of the shared log. Changing them is a step of <see cref="Version"/>.</summary>
public static class PostgresSchema
{
    /// <summary>The version that this node reads and writes.</summary>
    public const int Version = 1;

    /// <summary>What a function raises, or answers, where a message of a block is not pending.</summary>
    internal const string StaleState = "KM001";

    // Any number, the same for all: two migrations at once must not meet.
    private const long MigrationLock = 0x6b696d757261;

    /// <summary>All that is made, in order; each may be there already.</summary>
    internal const string Script = """
        CREATE TABLE IF NOT EXISTS kimura_log (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            schema_version integer NOT NULL,
            cluster_id text NOT NULL,
            chain_id text,
            genesis_hash bytea NOT NULL,
            leader_key bytea);

        CREATE TABLE IF NOT EXISTS kimura_epochs (
            name text PRIMARY KEY,
            epoch bigint NOT NULL,
            silo text,
            host bytea);
        INSERT INTO kimura_epochs (name, epoch) VALUES ('leader', 0), ('pool', 0) ON CONFLICT DO NOTHING;

        CREATE TABLE IF NOT EXISTS kimura_blocks (
            height bigint PRIMARY KEY,
            hash bytea NOT NULL,
            encoding bytea NOT NULL,
            message_bytes bigint NOT NULL);

        CREATE TABLE IF NOT EXISTS kimura_messages (
            id bytea PRIMARY KEY,
            height bigint NOT NULL REFERENCES kimura_blocks,
            place integer NOT NULL,
            encoding bytea NOT NULL,
            UNIQUE (height, place));

        CREATE TABLE IF NOT EXISTS kimura_pending (
            id bytea PRIMARY KEY,
            hash bytea NOT NULL,
            sender bytea NOT NULL,
            nonce bigint NOT NULL,
            arrival bigint NOT NULL UNIQUE,
            encoding bytea NOT NULL);
        CREATE INDEX IF NOT EXISTS kimura_pending_senders ON kimura_pending (sender, nonce);

        CREATE TABLE IF NOT EXISTS kimura_grains (
            grain text NOT NULL,
            name text NOT NULL,
            etag bigint NOT NULL,
            state bytea,
            PRIMARY KEY (grain, name));

        CREATE OR REPLACE FUNCTION kimura_store_pending(
            of_epoch bigint, ids bytea[], hashes bytea[], senders bytea[], nonces bigint[], arrivals bigint[], encodings bytea[])
        RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM kimura_epochs WHERE name = 'pool' AND epoch = of_epoch AND of_epoch > 0 FOR SHARE;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            INSERT INTO kimura_pending (id, hash, sender, nonce, arrival, encoding)
                SELECT * FROM unnest(ids, hashes, senders, nonces, arrivals, encodings);
            RETURN true;
        END $$;

        CREATE OR REPLACE FUNCTION kimura_append(
            of_epoch bigint, at_height bigint, below bytea, block_hash bytea, block bytea, ids bytea[], hashes bytea[])
        RETURNS text LANGUAGE plpgsql AS $$
        DECLARE
            moved bigint;
            size bigint;
        BEGIN
            PERFORM FROM kimura_epochs WHERE name = 'leader' AND epoch = of_epoch AND of_epoch > 0 FOR UPDATE;
            IF NOT FOUND THEN
                RETURN 'fenced';
            END IF;
            IF NOT EXISTS (SELECT FROM kimura_blocks WHERE height = at_height - 1 AND hash = below)
                OR EXISTS (SELECT FROM kimura_blocks WHERE height >= at_height) THEN
                RETURN 'stale';
            END IF;
            INSERT INTO kimura_blocks (height, hash, encoding, message_bytes) VALUES (at_height, block_hash, block, 0);
            WITH taken AS (
                DELETE FROM kimura_pending p
                USING unnest(ids, hashes) WITH ORDINALITY AS u (id, hash, place)
                WHERE p.id = u.id AND p.hash = u.hash
                RETURNING p.id, u.place, p.encoding),
            put AS (
                INSERT INTO kimura_messages (id, height, place, encoding)
                SELECT id, at_height, place - 1, encoding FROM taken
                RETURNING octet_length(encoding) AS bytes)
            SELECT count(*), coalesce(sum(bytes), 0) INTO moved, size FROM put;
            IF moved <> cardinality(ids) THEN
                RAISE EXCEPTION 'a message of block % is not pending', at_height USING ERRCODE = 'KM001';
            END IF;
            UPDATE kimura_blocks SET message_bytes = size WHERE height = at_height;
            PERFORM pg_notify('kimura_log', at_height::text);
            RETURN 'committed';
        END $$;
        """;

    /// <summary>Makes what is missing, all or nothing. May be run again, and by several at once.</summary>
    /// <exception cref="LogUnavailableException">The database cannot be reached, or does not allow it; says why.</exception>
    public static async Task MigrateAsync(ClusterDatabase database, CancellationToken cancellationToken = default)
    {
        await using var session = new PostgresSession(database);
        try
        {
            await using var connection = await session.Source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection, transaction) { Parameters = { new() { Value = MigrationLock } } };
            await wait.ExecuteNonQueryAsync(cancellationToken);
            await using var make = new NpgsqlCommand(Script, connection, transaction);
            await make.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (NpgsqlException exception)
        {
            throw PostgresSession.Unavailable(exception);
        }
    }
}
