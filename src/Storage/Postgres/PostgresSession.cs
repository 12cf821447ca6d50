using System.Net.Sockets;
using Kimura.Storage.Log;
using Npgsql;

namespace Kimura.Storage.Postgres;

/// <summary>
/// Statements to the cluster's database. Each is a transaction of its own: no row is ever locked while the database waits for this
/// process, which may be dead.
/// </summary>
internal sealed class PostgresSession : IAsyncDisposable
{
    private const int ConnectSeconds = 3;
    private const int CommandSeconds = 20;

    // The server gives up before the client does, so that what the client took for lost does not happen later.
    private const string ServerOptions = "-c synchronous_commit=on -c statement_timeout=15000 -c lock_timeout=10000 -c client_min_messages=warning";

    public PostgresSession(ClusterDatabase database)
    {
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        settings.Options = settings.Options is { Length: > 0 } given ? $"{given} {ServerOptions}" : ServerOptions;
        settings.ApplicationName ??= "kimura";
        settings.Pooling = true;
        settings.NoResetOnClose = true; // a statement leaves nothing behind in its session
        settings.Timeout = ConnectSeconds;
        settings.CommandTimeout = CommandSeconds;
        settings.CancellationTimeout = 1_000;
        settings.MaxAutoPrepare = 32;
        settings.AutoPrepareMinUsages = 1;
        settings.MaxPoolSize = Math.Min(settings.MaxPoolSize, 16);
        Source = NpgsqlDataSource.Create(settings);
    }

    public NpgsqlDataSource Source { get; }

    /// <summary>Runs one statement and gives what <paramref name="read"/> makes of its rows.</summary>
    /// <exception cref="LogUnavailableException">
    /// It did not answer. <see cref="WasSent"/> tells whether the statement may have been carried out.
    /// </exception>
    /// <exception cref="PostgresException">The database refused the statement: it was not carried out.</exception>
    public async Task<T> RunAsync<T>(string sql, IReadOnlyList<object?> values, Func<NpgsqlDataReader, Task<T>> read)
    {
        NpgsqlConnection connection;
        try
        {
            connection = await Source.OpenConnectionAsync();
        }
        catch (Exception exception) when (IsOfTheConnection(exception))
        {
            throw Unavailable(exception);
        }

        await using (connection)
        {
            try
            {
                await using var command = new NpgsqlCommand(sql, connection);
                foreach (var value in values)
                {
                    command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
                }

                await using var reader = await command.ExecuteReaderAsync();
                return await read(reader);
            }
            catch (Exception exception) when (IsOfTheConnection(exception) && !IsAnswer(exception))
            {
                throw new LogUnavailableException(Words(exception), new SentException(exception));
            }
        }
    }

    /// <summary>The one row of a statement that always has one.</summary>
    public Task<T> OneAsync<T>(string sql, IReadOnlyList<object?> values, Func<NpgsqlDataReader, T> read) => RunAsync(sql, values, async reader =>
        await reader.ReadAsync() ? read(reader) : throw new StorageException(StorageFault.Corrupt, "the cluster's database has lost a row of Kimura's: restore it from a backup"));

    /// <summary>All rows.</summary>
    public Task<List<T>> AllAsync<T>(string sql, IReadOnlyList<object?> values, Func<NpgsqlDataReader, T> read) => RunAsync(sql, values, async reader =>
    {
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows;
    });

    /// <summary>How many rows a statement changed.</summary>
    public Task<int> ChangeAsync(string sql, params IReadOnlyList<object?> values) => RunAsync(sql, values, async reader =>
    {
        while (await reader.NextResultAsync())
        {
            // To the end: an error may come behind.
        }

        return reader.RecordsAffected;
    });

    /// <summary>True where the statement had left for the database when the connection broke.</summary>
    public static bool WasSent(LogUnavailableException exception) => exception.InnerException is SentException;

    public static LogUnavailableException Unavailable(Exception exception) => new(Words(exception), exception);

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    // Whatever the connection's end says is no answer to the statement: 57P is a server that goes down, 57014 one that was told to stop.
    private static bool IsAnswer(Exception exception) =>
        exception is PostgresException { SqlState: var state } && !state.StartsWith("57", StringComparison.Ordinal) && !state.StartsWith("08", StringComparison.Ordinal);

    private static bool IsOfTheConnection(Exception exception) => exception is NpgsqlException or SocketException or TimeoutException or IOException or OperationCanceledException;

    private static string Words(Exception exception) => exception is PostgresException server ? server.MessageText : (exception.InnerException ?? exception).Message;

    private sealed class SentException(Exception inner) : Exception(inner.Message, inner);
}
