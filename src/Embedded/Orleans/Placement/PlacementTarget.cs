using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime.Placement;

/// <summary>The grain that is to be placed.</summary>
[SuppressMessage("Performance", "CA1815", Justification = "The shape is Orleans'; it is never compared.")]
public readonly struct PlacementTarget
{
    internal PlacementTarget(GrainId grainIdentity)
    {
        GrainIdentity = grainIdentity;
    }

    /// <summary>The grain's identity.</summary>
    public GrainId GrainIdentity { get; }
}
