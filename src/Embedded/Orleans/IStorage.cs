namespace Orleans.Core;

/// <summary>A stored state, whatever its type.</summary>
public interface IStorage
{
    /// <summary>The version that was read or written last; null where nothing is stored.</summary>
    string? Etag { get; }

    /// <summary>Whether a record is stored.</summary>
    bool RecordExists { get; }

    /// <summary>Deletes the record.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Another activation wrote in the meantime.</exception>
    Task ClearStateAsync();

    /// <summary>Writes the state.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Another activation wrote in the meantime.</exception>
    Task WriteStateAsync();

    /// <summary>Reads the state again; what was not written is lost.</summary>
    Task ReadStateAsync();

    /// <summary>Deletes the record; a store that does not know the token goes on when it is canceled.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Another activation wrote in the meantime.</exception>
    Task ClearStateAsync(CancellationToken cancellationToken) => ClearStateAsync();

    /// <summary>Writes the state; a store that does not know the token goes on when it is canceled.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Another activation wrote in the meantime.</exception>
    Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

    /// <summary>Reads the state again; a store that does not know the token goes on when it is canceled.</summary>
    Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();
}

/// <summary>A stored state.</summary>
/// <typeparam name="TState">The state's type.</typeparam>
public interface IStorage<TState> : IStorage
{
    /// <summary>The state in memory.</summary>
    TState State { get; set; }
}
