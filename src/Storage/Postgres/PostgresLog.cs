using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Kimura.Storage.Postgres;

/// <summary>
/// The shared log in PostgreSQL. Each write is one statement, and one synchronous commit, that looks at its epoch under the epoch's row lock:
/// a newer epoch waits for it, and nothing older comes after. Where the connection breaks under a write, a new one is asked whether it is
/// there; only a newer epoch can tell that it is not and never will be.
/// </summary>
public sealed partial class PostgresLog : ISharedLog, IAsyncDisposable
{
    // How long a new connection is tried for after one broke under a write, and how often.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly PostgresSession _session;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private ulong _leaderEpoch;
    private ulong _poolEpoch;

    internal PostgresLog(PostgresSession session, TimeProvider time, ILogger logger) => (_session, _time, _logger) = (session, time, logger);

    /// <inheritdoc />
    public ulong LeaderEpoch => Volatile.Read(ref _leaderEpoch);

    /// <inheritdoc />
    public ulong PoolEpoch => Volatile.Read(ref _poolEpoch);

    /// <inheritdoc />
    public async Task<bool> TakeLeaderEpochAsync(ulong epoch) => await TakeAsync("leader", epoch, LearnLeader);

    /// <inheritdoc />
    public async Task<bool> TakePoolEpochAsync(ulong epoch) => await TakeAsync("pool", epoch, newest => Volatile.Write(ref _poolEpoch, newest));

    /// <inheritdoc />
    public async Task<bool> IsPoolEpochAsync(ulong epoch)
    {
        var isInForce = await ReadEpochAsync("pool") == epoch;
        if (!isInForce)
        {
            Interlocked.CompareExchange(ref _poolEpoch, 0, epoch);
        }

        return isInForce;
    }

    /// <inheritdoc />
    public async Task<CommitOutcome> StorePendingAsync(ulong epoch, IReadOnlyList<PendingMessage> messages)
    {
        var ids = Column(messages, message => message.Id.Value.ToArray());
        var outcome = await WriteAsync(
            "SELECT kimura_store_pending($1, $2, $3, $4, $5, $6, $7)",
            [
                (long)epoch,
                ids,
                Column(messages, message => message.Hash.Value.ToArray()),
                Column(messages, message => message.Message.Sender.ToArray()),
                Column(messages, message => checked((long)message.Message.Nonce)),
                Column(messages, message => checked((long)message.Arrival)),
                Column(messages, message => message.Message.Encoding.ToArray()),
            ],
            reader => reader.GetBoolean(0) ? CommitOutcome.Committed : CommitOutcome.Fenced,
            () => AreThereAsync(ids));
        if (outcome.IsOver())
        {
            // This process knows no better until it takes a newer one.
            Interlocked.CompareExchange(ref _poolEpoch, 0, epoch);
        }

        return outcome;
    }

    /// <inheritdoc />
    public async Task<CommitOutcome> CommitProducedAsync(ulong epoch, Block block)
    {
        var outcome = await WriteAsync(
            "SELECT kimura_append($1, $2, $3, $4, $5, $6, $7)",
            [
                (long)epoch,
                checked((long)block.Height),
                block.Header.PrevHash.Value.ToArray(),
                block.Hash.Value.ToArray(),
                block.Encoding.ToArray(),
                Enumerable.Range(0, block.Count).Select(i => block.IdAt(i).Value.ToArray()).ToArray(),
                Enumerable.Range(0, block.Count).Select(i => block.MessageHashAt(i).Value.ToArray()).ToArray(),
            ],
            reader => reader.GetString(0) switch
            {
                "committed" => CommitOutcome.Committed,
                "fenced" => CommitOutcome.Fenced,
                "stale" => CommitOutcome.Stale,
                var other => throw new InvalidOperationException($"kimura_append answered '{other}'"),
            },
            () => HoldsAsync(new LogTip(block.Height, block.Hash)));
        return outcome == CommitOutcome.Fenced ? await LearnWhoLeadsAsync() : outcome;
    }

    /// <inheritdoc />
    public async Task<bool> NameLeaderAsync(ulong epoch, LeaderPlace place) =>
        await AskAsync(() => _session.ChangeAsync(
            "UPDATE kimura_epochs SET silo = $2, host = $3 WHERE name = 'leader' AND epoch = $1", (long)epoch, place.Silo, place.Host.ToArray())) == 1;

    /// <summary>
    /// The key that the cluster's blocks are signed with, where no schedule says otherwise: the first that a silo which can lead has brought.
    /// Null before any did.
    /// </summary>
    public async Task<PublicKey?> AgreeOnLeaderKeyAsync(PublicKey? own)
    {
        if (own is { } key)
        {
            await AskAsync(() => _session.ChangeAsync("UPDATE kimura_log SET leader_key = $1 WHERE leader_key IS NULL", key.ToArray()));
        }

        return await AskAsync(() => _session.OneAsync(
            "SELECT leader_key FROM kimura_log", [], reader => reader.IsDBNull(0) ? default(PublicKey?) : new PublicKey(reader.GetFieldValue<byte[]>(0))));
    }

    /// <summary>Closes all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseListenerAsync();
        await _session.DisposeAsync();
    }

    private static T[] Column<T>(IReadOnlyList<PendingMessage> messages, Func<PendingMessage, T> of)
    {
        var column = new T[messages.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = of(messages[i]);
        }

        return column;
    }

    private async Task<bool> TakeAsync(string name, ulong epoch, Action<ulong> learn)
    {
        var isTaken = await AskAsync(() => _session.ChangeAsync("UPDATE kimura_epochs SET epoch = $2, silo = NULL, host = NULL WHERE name = $1 AND epoch < $2", name, checked((long)epoch))) == 1;
        learn(isTaken ? epoch : await ReadEpochAsync(name));
        return isTaken;
    }

    private Task<ulong> ReadEpochAsync(string name) =>
        AskAsync(() => _session.OneAsync("SELECT epoch FROM kimura_epochs WHERE name = $1", [name], reader => (ulong)reader.GetInt64(0)));

    private async Task<CommitOutcome> LearnWhoLeadsAsync()
    {
        try
        {
            await ReadNewsAsync();
        }
        catch (LogUnavailableException exception)
        {
            // For the log's words alone: it was fenced all the same.
            LogUnreachable(_logger, exception.Message);
        }

        return CommitOutcome.Fenced;
    }

    // The highest that this process has heard of.
    private void LearnLeader(ulong epoch)
    {
        for (var known = LeaderEpoch; known < epoch; known = LeaderEpoch)
        {
            Interlocked.CompareExchange(ref _leaderEpoch, epoch, known);
        }
    }

    private async Task<CommitOutcome> WriteAsync(
        string sql, IReadOnlyList<object?> values, Func<NpgsqlDataReader, CommitOutcome> read, Func<Task<bool>> isThere)
    {
        try
        {
            return await _session.OneAsync(sql, values, read);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresSchema.StaleState or PostgresErrorCodes.UniqueViolation)
        {
            return CommitOutcome.Stale;
        }
        catch (PostgresException exception)
        {
            LogRefused(_logger, exception.MessageText);
            return CommitOutcome.Unavailable;
        }
        catch (LogUnavailableException exception) when (!PostgresSession.WasSent(exception))
        {
            LogUnreachable(_logger, exception.Message);
            return CommitOutcome.Unavailable;
        }
        catch (LogUnavailableException exception)
        {
            LogBroken(_logger, exception.Message);
            var outcome = await FindOutAsync(isThere);
            LogFoundOut(_logger, outcome);
            return outcome;
        }
    }

    // What is there is committed. What is not may still be on its way through the old connection's process: that is not for this epoch to wait for.
    private async Task<CommitOutcome> FindOutAsync(Func<Task<bool>> isThere)
    {
        var started = _time.GetTimestamp();
        do
        {
            try
            {
                return await isThere() ? CommitOutcome.Committed : CommitOutcome.Unknown;
            }
            catch (LogUnavailableException)
            {
                await Task.Delay(Pause, _time);
            }
        }
        while (_time.GetElapsedTime(started) < Patience);

        return CommitOutcome.Unknown;
    }

    // One transaction stored them: so all are there, here or in a block, or none.
    private Task<bool> AreThereAsync(byte[][] ids) => AskAsync(() => _session.OneAsync(
        "SELECT EXISTS (SELECT FROM kimura_pending WHERE id = $1) OR EXISTS (SELECT FROM kimura_messages WHERE id = $1)", [ids[0]], reader => reader.GetBoolean(0)));

    // For statements that change nothing, or may be said again: whatever is wrong, the log is not to be had now.
    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (PostgresException exception)
        {
            throw PostgresSession.Unavailable(exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster's database refused a write: {Reason}")]
    private static partial void LogRefused(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing was written: {Reason}")]
    private static partial void LogUnreachable(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection broke under a write, finding out what became of it: {Reason}")]
    private static partial void LogBroken(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The write under which the connection broke: {Outcome}")]
    private static partial void LogFoundOut(ILogger logger, CommitOutcome outcome);
}
