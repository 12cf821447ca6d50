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
        grainState.RecordExists = value is { Length: > EtagSize };
        grainState.ETag = value is null ? null! : EtagOf(value).ToString(CultureInfo.InvariantCulture);
        grainState.State = !grainState.RecordExists
            ? Activator.CreateInstance<T>()
            : JsonSerializer.Deserialize<T>(value.AsSpan(EtagSize))
                ?? throw new StorageException(StorageFault.Corrupt, $"the state '{stateName}' of grain {grainId} is damaged");
    }

    /// <inheritdoc />
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReplaceAsync(stateName, grainId, grainState, JsonSerializer.SerializeToUtf8Bytes(grainState.State));

    /// <inheritdoc />
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReplaceAsync(stateName, grainId, grainState, []);

    /// <inheritdoc />
    public void Dispose() => _writing.Dispose();

    private async Task ReplaceAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, byte[] state)
    {
        var key = KeyOf(stateName, grainId);
        await _writing.WaitAsync();
        try
        {
            var stored = await store.GetAsync(Family.Grains, key);
            var etag = stored is null ? null : EtagOf(stored).ToString(CultureInfo.InvariantCulture);
            if (!string.Equals(etag, grainState.ETag, StringComparison.Ordinal))
            {
                throw new InconsistentStateException(
                    $"the state '{stateName}' of grain {grainId} was changed by another activation", etag ?? "none", grainState.ETag ?? "none");
            }

            var next = (stored is null ? 0 : EtagOf(stored)) + 1;
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

    private static ulong EtagOf(byte[] value) => BinaryPrimitives.ReadUInt64BigEndian(value);

    private static byte[] KeyOf(string stateName, GrainId grainId) => Encoding.UTF8.GetBytes($"{grainId}/{stateName}");
}
