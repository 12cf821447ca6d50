using Xunit;

namespace Kimura.Tests.Unit.Cluster.Nodes;

/// <summary>Tests of whole clusters, one after the other: each keeps a machine busy.</summary>
[CollectionDefinition(Name)]
public sealed class ClusterCollection
{
    public const string Name = "clusters";
}
