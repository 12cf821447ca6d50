namespace Orleans;

/// <summary>The type crosses grain calls: Orleans generates a serializer for it. This engine passes the object itself.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute
{
}

/// <summary>The frozen number of a serialized member.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Class | AttributeTargets.Struct
    | AttributeTargets.Enum | AttributeTargets.Method | AttributeTargets.Parameter)]
public sealed class IdAttribute : Attribute
{
    /// <summary>Numbers a member.</summary>
    public IdAttribute(uint id)
    {
        Id = id;
    }

    /// <summary>The number.</summary>
    public uint Id { get; }
}

/// <summary>The frozen name of a type or method, which renaming it in code does not change.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Interface | AttributeTargets.Struct | AttributeTargets.Enum
    | AttributeTargets.Method, AllowMultiple = true)]
public sealed class AliasAttribute : Attribute
{
    /// <summary>Names a type or method.</summary>
    public AliasAttribute(string alias)
    {
        Alias = alias;
    }

    /// <summary>The name.</summary>
    public string Alias { get; }
}

/// <summary>
/// The type never changes after construction (or, on a parameter, the caller never touches the object again), so it may be shared
/// between grains. This engine refuses whatever is not known to be immutable.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Field | AttributeTargets.Property
    | AttributeTargets.Parameter | AttributeTargets.ReturnValue, Inherited = false)]
public sealed class ImmutableAttribute : Attribute
{
}
