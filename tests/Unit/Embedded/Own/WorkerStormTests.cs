using Kimura.Tests.Unit.Embedded.Grains;
using Xunit;

namespace Kimura.Tests.Unit.Embedded.Own;

/// <summary>The embedded engine passes a call on as often as it meets a worker that ends; Orleans gives up after two.</summary>
public sealed class WorkerStormTests
{
    [Fact]
    public async Task Workers_that_end_without_end_lose_no_call()
    {
        await using IClusterHarness cluster = await ClusterHarness.StartAsync();
        IWorkerGrain grain = cluster.Client.GetGrain<IWorkerGrain>(0);
        cluster.Probe.Open("gate");
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => Task.Run(() => i % 3 == 0 ? grain.EndAsync() : grain.HoldAsync("gate"))));
        Assert.Equal(200, cluster.Probe.Count("enter gate"));
    }
}
