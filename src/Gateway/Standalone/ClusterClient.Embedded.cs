using Microsoft.AspNetCore.Builder;

namespace Kimura.Gateway.Standalone;

/// <summary>The embedded engine has no transport: there is nothing to be a client of.</summary>
internal static class ClusterClient
{
    /// <summary>Why this build cannot; null where it can.</summary>
    public const string? Missing =
        "a gateway in a process of its own needs the Orleans engine (python3 blockchain.py setup --engine orleans); with the embedded engine each node has its own gateway";

    /// <summary>Adds the client to a host.</summary>
    public static void Add(WebApplicationBuilder builder, ClusterAddress cluster) =>
        throw new NotSupportedException($"{cluster.ClusterId} for {builder.Environment.ApplicationName}: {Missing}");
}
