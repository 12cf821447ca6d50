using System.Net;

namespace Kimura.Gateway.Standalone;

/// <summary>Where a client finds the silos of a cluster: in the database in which they write that they live, or one of them at an address.</summary>
internal sealed record ClusterAddress(string ClusterId, string? Database, IPEndPoint? Silo);
