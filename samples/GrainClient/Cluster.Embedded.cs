using System.Net;
using Orleans;

namespace Kimura.Samples.GrainClient;

/// <summary>The embedded engine has no transport: a client of another process cannot reach its grains.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    public required IGrainFactory Grains { get; init; }

    public static Task<Cluster> ConnectAsync(IPEndPoint silo, string clusterId) =>
        throw new NotSupportedException($"{clusterId} at {silo} cannot be reached: build with the Orleans engine (python3 blockchain.py setup --engine orleans)");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
