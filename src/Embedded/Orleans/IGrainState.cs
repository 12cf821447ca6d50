namespace Orleans;

/// <summary>State on its way between a grain and its storage provider.</summary>
/// <typeparam name="T">The state's type.</typeparam>
public interface IGrainState<T>
{
    /// <summary>The state.</summary>
    T? State { get; set; }

    /// <summary>The version that was read or written last; null where nothing is stored.</summary>
    string? ETag { get; set; }

    /// <summary>Whether a record is stored.</summary>
    bool RecordExists { get; set; }
}

/// <summary>A plain <see cref="IGrainState{T}"/>.</summary>
/// <typeparam name="T">The state's type.</typeparam>
public sealed class GrainState<T> : IGrainState<T>
{
    /// <summary>No state.</summary>
    public GrainState()
        : this(default!, null)
    {
    }

    /// <summary>A state that is not stored.</summary>
    public GrainState(T state)
        : this(state, null)
    {
    }

    /// <summary>A state with its version.</summary>
    public GrainState(T state, string? eTag)
    {
        State = state;
        ETag = eTag;
    }

    /// <inheritdoc/>
    public T? State { get; set; }

    /// <inheritdoc/>
    public string? ETag { get; set; }

    /// <inheritdoc/>
    public bool RecordExists { get; set; }
}
