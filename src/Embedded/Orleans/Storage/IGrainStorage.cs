using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A storage provider. A write or clear compares <see cref="IGrainState{T}.ETag"/> with the stored version.</summary>
public interface IGrainStorage
{
    /// <summary>Reads the state; where nothing is stored, sets a new state, no ETag and RecordExists false.</summary>
    Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <summary>Writes the state and sets the new ETag.</summary>
    /// <exception cref="InconsistentStateException">The stored version is not the ETag's.</exception>
    Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <summary>Deletes the state.</summary>
    /// <exception cref="InconsistentStateException">The stored version is not the ETag's.</exception>
    Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
}

/// <summary>The stored version is not the one that the writer knows. Leaving a call, it drops the activation, which then reloads.</summary>
public class InconsistentStateException : OrleansException
{
    /// <summary>Unexpected error.</summary>
    public InconsistentStateException()
    {
    }

    /// <summary>With a message.</summary>
    public InconsistentStateException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    public InconsistentStateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>With both versions.</summary>
    public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag)
        : base(errorMsg)
    {
        StoredEtag = storedEtag;
        CurrentEtag = currentEtag;
    }

    /// <summary>The version in the store.</summary>
    public string? StoredEtag { get; }

    /// <summary>The version that the writer knows.</summary>
    public string? CurrentEtag { get; }

    // False once it has left the activation whose state conflicted: callers that let it pass are not dropped.
    internal bool IsSourceActivation { get; set; } = true;
}
