using Orleans;
using Orleans.Core;
using Orleans.Runtime;
using Orleans.Storage;

namespace Kimura.Embedded.Storage;

/// <summary>A state that is read before its grain is activated.</summary>
internal interface IPersistentStateBridge : IStorage
{
}

/// <summary>One state of one grain over its storage provider.</summary>
internal sealed class PersistentStateBridge<TState> : IPersistentState<TState>, IPersistentStateBridge
{
    private readonly IGrainStorage _storage;
    private readonly string _name;
    private readonly GrainId _grainId;
    private readonly GrainState<TState> _state = new(System.Activator.CreateInstance<TState>());

    /// <summary>For the activator.</summary>
    public PersistentStateBridge(IGrainStorage storage, string name, GrainId grainId)
    {
        _storage = storage;
        _name = name;
        _grainId = grainId;
    }

    /// <inheritdoc/>
    public TState State
    {
        get => _state.State!;
        set => _state.State = value;
    }

    /// <inheritdoc/>
    public string? Etag => _state.ETag;

    /// <inheritdoc/>
    public bool RecordExists => _state.RecordExists;

    /// <inheritdoc/>
    public async Task ReadStateAsync()
    {
        try
        {
            await _storage.ReadStateAsync(_name, _grainId, _state);
            // A provider may leave null where nothing is stored.
            _state.State ??= System.Activator.CreateInstance<TState>();
        }
        catch (Exception exception) when (exception is not OrleansException)
        {
            throw Wrapped("reading", exception);
        }
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync()
    {
        try
        {
            await _storage.WriteStateAsync(_name, _grainId, _state);
        }
        catch (Exception exception) when (exception is not OrleansException)
        {
            throw Wrapped("writing", exception);
        }
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync()
    {
        try
        {
            // What the state is then is the provider's to say, as it is in Orleans.
            await _storage.ClearStateAsync(_name, _grainId, _state);
        }
        catch (Exception exception) when (exception is not OrleansException)
        {
            throw Wrapped("clearing", exception);
        }
    }

    private OrleansException Wrapped(string operation, Exception exception) =>
        new($"The storage provider of state {_name} of grain {_grainId} failed when {operation}: {exception.Message}", exception);
}
