using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Kimura.Tests.Unit.Embedded.Harness;

/// <summary>Storage that all silos of a test share and that checks ETags. Records are immutable, so they are kept as they come.</summary>
internal sealed class MemoryStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string Name, GrainId Id), (object State, long Version)> _records = new();
    private readonly Lock _gate = new();

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.Yield();
        bool exists = _records.TryGetValue((stateName, grainId), out (object State, long Version) record);
        grainState.RecordExists = exists;
        grainState.ETag = exists ? $"{record.Version}" : null;
        if (exists)
        {
            grainState.State = (T)record.State;
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.Yield();
        lock (_gate)
        {
            long version = Check(stateName, grainId, grainState.ETag) + 1;
            _records[(stateName, grainId)] = (grainState.State!, version);
            grainState.ETag = $"{version}";
            grainState.RecordExists = true;
        }
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.Yield();
        lock (_gate)
        {
            Check(stateName, grainId, grainState.ETag);
            _records.TryRemove((stateName, grainId), out _);
            grainState.ETag = null;
            grainState.RecordExists = false;
            grainState.State = Activator.CreateInstance<T>();
        }
    }

    private long Check(string stateName, GrainId grainId, string? etag)
    {
        bool exists = _records.TryGetValue((stateName, grainId), out (object State, long Version) record);
        string? stored = exists ? $"{record.Version}" : null;
        return stored == etag
            ? record.Version
            : throw new InconsistentStateException($"State {stateName} of {grainId} has another version.", stored, etag);
    }
}
