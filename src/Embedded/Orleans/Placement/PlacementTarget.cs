namespace Orleans.Runtime.Placement;

/// <summary>The grain that is to be placed.</summary>
public readonly struct PlacementTarget
{
    internal PlacementTarget(GrainId grainIdentity)
    {
        GrainIdentity = grainIdentity;
    }

    /// <summary>The grain's identity.</summary>
    public GrainId GrainIdentity { get; }
}
