using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Kimura.Storage.GrainState;

/// <summary>
/// Grain state in the <c>grains</c> column family (protocol section 4): key grain id ++ <c>/</c> ++ state name, value ETag (8 bytes, a
/// counter) ++ state as JSON (nothing where the state was cleared, so that no ETag is ever given twice). A write or deletion with another ETag than the stored one is refused.
/// </summary>
public sealed class KeyValueGrainStorage(IKeyValueStore store) : IGrainStorage, IDisposable
{
    private const int EtagSize = 8;
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <inheritdoc />
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var value = await store.GetAsync(Family.Grains, KeyOf(stateName, grainId));
        grainState.ETag = value is null ? null! : EtagOf(value, stateName, grainId).ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = value is { Length: > EtagSize };
        grainState.State = grainState.RecordExists ? Parse<T>(value.AsSpan(EtagSize), stateName, grainId) : Activator.CreateInstance<T>();
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
        await ReplaceAsync(stateName, grainId, grainState, []);
        grainState.State = Activator.CreateInstance<T>();
    }

    /// <inheritdoc />
    public void Dispose() => _writing.Dispose();

    private async Task ReplaceAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, byte[] state)
    {
        var key = KeyOf(stateName, grainId);
        await _writing.WaitAsync();
        try
        {
            var stored = await store.GetAsync(Family.Grains, key);
            var last = stored is null ? 0 : EtagOf(stored, stateName, grainId);
            var etag = stored is null ? null : last.ToString(CultureInfo.InvariantCulture);
            if (!string.Equals(etag, grainState.ETag, StringComparison.Ordinal))
            {
                throw new InconsistentStateException(
                    $"the state '{stateName}' of grain {grainId} was changed by another activation", etag ?? "none", grainState.ETag ?? "none");
            }

            var next = last + 1;
            var batch = new WriteBatch();
            batch.Put(Family.Grains, key, LedgerKeys.BigEndian(next), state);
            await store.CommitAsync(batch, sync: true);
            grainState.ETag = next.ToString(CultureInfo.InvariantCulture);
            grainState.RecordExists = state.Length > 0;
        }
        finally
        {
            _writing.Release();
        }
    }

    private static T Parse<T>(ReadOnlySpan<byte> json, string stateName, GrainId grainId)
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

    private static ulong EtagOf(byte[] value, string stateName, GrainId grainId) =>
        value.Length >= EtagSize ? BinaryPrimitives.ReadUInt64BigEndian(value) : throw Damaged(stateName, grainId);

    private static StorageException Damaged(string stateName, GrainId grainId, Exception? inner = null) =>
        new(StorageFault.Corrupt, $"the state '{stateName}' of grain {grainId} is damaged", inner);

    private static byte[] KeyOf(string stateName, GrainId grainId) => Encoding.UTF8.GetBytes($"{grainId}/{stateName}");
}
