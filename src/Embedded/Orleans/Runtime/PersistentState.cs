using Orleans.Core;

namespace Orleans.Runtime;

/// <summary>A constructor parameter that gets state from a storage provider, read before <see cref="IGrainBase.OnActivateAsync"/>.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public class PersistentStateAttribute : Attribute
{
    /// <summary>Names the state and the provider.</summary>
    public PersistentStateAttribute(string stateName, string? storageName = null)
    {
        ArgumentNullException.ThrowIfNull(stateName);
        StateName = stateName;
        StorageName = storageName;
    }

    /// <summary>The state's name within the grain.</summary>
    public string StateName { get; }

    /// <summary>The provider's name; null: the provider registered without a name.</summary>
    public string? StorageName { get; }
}

/// <summary>State of a grain kept by a storage provider.</summary>
/// <typeparam name="TState">The state's type; needs a parameterless constructor.</typeparam>
public interface IPersistentState<TState> : IStorage<TState>
{
}
