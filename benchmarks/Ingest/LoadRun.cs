namespace Kimura.Benchmarks.Ingest;

/// <summary>One load with what was measured beside it.</summary>
internal sealed record LoadRun(string Name, LoadResult Load, MethodSampler Samples, BlockSurvey Blocks, long Found, long PeakMegabytes)
{
    public static async Task<LoadRun> RunAsync(
        string name, NodeProcess node, Workload workload, MethodSampler sampler, double interval, double? perSecond = null)
    {
        using var client = await RpcClient.OpenAsync(node);
        using var stopping = new CancellationTokenSource();
        var first = await client.GetHeightAsync() + 1;
        var sampling = Task.Run(() => sampler.RunAsync(node, stopping.Token), CancellationToken.None);
        var load = await new LoadPhase(node, workload).RunAsync(client, perSecond, async () =>
        {
            await stopping.CancelAsync();
            await sampling;
        });
        var last = await client.GetHeightAsync();
        var blocks = await BlockSurvey.ReadAsync(client, first, last, interval);
        return new LoadRun(name, load, sampler, blocks, await client.CountAsync(workload), node.PeakMegabytes);
    }
}
