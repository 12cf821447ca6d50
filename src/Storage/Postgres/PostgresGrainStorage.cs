using System.Globalization;
using System.Text.Json;
using Kimura.Storage.Log;
using Npgsql;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Kimura.Storage.Postgres;

/// <summary>
/// Grain state in the cluster's database, so that whatever silo a grain comes up on reads what the last one wrote. The ETag is the row's
/// version: a write with another one is refused. A cleared state keeps its row, so that no ETag is ever given twice.
/// </summary>
public sealed class PostgresGrainStorage : IGrainStorage, IAsyncDisposable
{
    private readonly PostgresSession _session;

    /// <summary>Opens no connection before the first call.</summary>
    public PostgresGrainStorage(ClusterDatabase database) => _session = new PostgresSession(database);

    /// <inheritdoc />
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var rows = await AskAsync(() => _session.AllAsync(
            "SELECT etag, state FROM kimura_grains WHERE grain = $1 AND name = $2",
            [grainId.ToString(), stateName],
            reader => (Etag: reader.GetInt64(0), State: reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1))));
        var row = rows.Count == 0 ? default : rows[0];
        grainState.ETag = rows.Count == 0 ? null! : row.Etag.ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = row.State is not null;
        grainState.State = row.State is null ? Activator.CreateInstance<T>() : Parse<T>(row.State, stateName, grainId);
    }

    /// <inheritdoc />
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState.State, nameof(grainState));
        return ReplaceAsync(stateName, grainId, grainState, JsonSerializer.SerializeToUtf8Bytes(grainState.State));
    }

    /// <inheritdoc />
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await ReplaceAsync(stateName, grainId, grainState, null);
        grainState.State = Activator.CreateInstance<T>();
    }

    /// <summary>Closes all connections.</summary>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private async Task ReplaceAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, byte[]? state)
    {
        long? etag = grainState.ETag is null ? null : long.Parse(grainState.ETag, CultureInfo.InvariantCulture);
        var changed = await AskAsync(() => etag is null
            ? _session.ChangeAsync(
                "INSERT INTO kimura_grains (grain, name, etag, state) VALUES ($1, $2, 1, $3::bytea) ON CONFLICT DO NOTHING", grainId.ToString(), stateName, state)
            : _session.ChangeAsync(
                "UPDATE kimura_grains SET etag = etag + 1, state = $3::bytea WHERE grain = $1 AND name = $2 AND etag = $4", grainId.ToString(), stateName, state, etag));
        if (changed != 1)
        {
            throw new InconsistentStateException(
                $"the state '{stateName}' of grain {grainId} was changed by another activation", "another", grainState.ETag ?? "none");
        }

        grainState.ETag = ((etag ?? 0) + 1).ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = state is not null;
    }

    private static T Parse<T>(byte[] json, string stateName, GrainId grainId)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json) ?? throw Damaged(stateName, grainId);
        }
        catch (JsonException exception)
        {
            throw Damaged(stateName, grainId, exception);
        }
    }

    private static StorageException Damaged(string stateName, GrainId grainId, Exception? inner = null) =>
        new(StorageFault.Corrupt, $"the state '{stateName}' of grain {grainId} is damaged", inner);

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
}
