namespace Kimura.Durability;

/// <summary>On which side of a write.</summary>
public enum WriteMoment
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>Nothing of it is done.</summary>
    Before,

    /// <summary>It is done, and nobody knows yet.</summary>
    After,
}
