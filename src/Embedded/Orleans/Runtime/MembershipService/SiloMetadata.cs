using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime.MembershipService.SiloMetadata;

/// <summary>What a silo says of itself, fixed when it starts.</summary>
[SuppressMessage("Design", "MA0049", Justification = "The name is Orleans'.")]
public record SiloMetadata
{
    /// <summary>Nothing.</summary>
    public static SiloMetadata Empty { get; } = new();

    /// <summary>Names and values.</summary>
    public ImmutableDictionary<string, string> Metadata { get; internal init; } = ImmutableDictionary<string, string>.Empty;
}

/// <summary>The metadata of the cluster's silos.</summary>
public interface ISiloMetadataCache
{
    /// <summary>The metadata of a silo; <see cref="SiloMetadata.Empty"/> for one that is not known.</summary>
    SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
}
