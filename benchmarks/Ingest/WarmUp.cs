namespace Kimura.Benchmarks.Ingest;

/// <summary>Messages and calls before the measured ones by other senders, so that the node's code is compiled.</summary>
internal sealed class WarmUp(BenchmarkOptions options)
{
    /// <summary>About how many messages a node takes for it.</summary>
    public const int Messages = Batched + Single;

    private const int Batched = 16_000;
    private const int Single = 4_000;

    private readonly Workload _batches = Workload.Make("warm batch", Batched, options.BatchSize, options.Connections, options.ContentSize);
    private readonly Workload _singles = Workload.Make("warm single", Single, 0, options.SingleConnections, options.ContentSize);

    public async Task RunAsync(NodeProcess node)
    {
        using var client = await RpcClient.OpenAsync(node);
        foreach (var workload in new[] { _batches, _singles })
        {
            using var stopping = new CancellationTokenSource();
            var sampling = Task.Run(() => MethodSampler.OfAll(workload).RunAsync(node, stopping.Token), CancellationToken.None);
            var load = await new LoadPhase(node, workload).RunAsync(client, perSecond: null, () => stopping.CancelAsync());
            await sampling;
            if (load.Accepted != load.Sent)
            {
                throw new BenchmarkException($"bench: the node refused a message: {load.Refusal}");
            }
        }
    }
}
