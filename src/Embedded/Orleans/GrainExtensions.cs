using Kimura.Embedded.Invocation;
using Orleans.Runtime;

namespace Orleans;

/// <summary>Identity of grains and references.</summary>
public static class GrainExtensions
{
    /// <summary>The identity of a grain or of the grain that a reference points to.</summary>
    /// <exception cref="ArgumentException">The object is neither a grain nor a reference.</exception>
    public static GrainId GetGrainId(this IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain switch
        {
            GrainReferenceProxy reference => reference.GrainId,
            IGrainBase activation => activation.GrainContext.GrainId,
            _ => throw new ArgumentException($"{grain.GetType()} is neither a grain nor a grain reference.", nameof(grain)),
        };
    }

    /// <summary>The integer key.</summary>
    /// <exception cref="InvalidOperationException">The key is not an integer.</exception>
    public static long GetPrimaryKeyLong(this IAddressable grain)
    {
        GrainId id = GetGrainId(grain);
        return GrainKeys.TryParseInteger(id.Key, out long key)
            ? key
            : throw new InvalidOperationException($"The key of grain {id} is not an integer.");
    }

    /// <summary>The string key.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => GetGrainId(grain).Key.ToString();

    /// <summary>A reference to a grain under one of its interfaces; from inside a grain, a reference to itself.</summary>
    /// <exception cref="ArgumentException">The grain's class does not implement the interface.</exception>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return (TGrainInterface)GrainReferenceProxy.Cast(grain, typeof(TGrainInterface));
    }
}
