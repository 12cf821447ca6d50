using Kimura.Tests.Unit.Embedded.Grains;
using Kimura.Tests.Unit.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Embedded.Own;

/// <summary>What a stop leaves in the log.</summary>
public sealed class StoppingTests
{
    [Fact]
    public async Task A_tick_that_needs_a_grain_when_the_last_silo_stops_is_no_failure()
    {
        ListLogger log = new();
        TimeSpan period = TimeSpan.FromSeconds(1);
        await using IClusterHarness cluster = await ClusterHarness.StartAsync(
            new ClusterShape { Services = services => services.AddLogging(logging => logging.AddProvider(new ListLoggerProvider(log))) });
        await cluster.Client.GetGrain<ITimerGrain>(0).StartCallingAsync("a", period, "gate");
        await cluster.AdvanceAsync(period);
        await cluster.Probe.Seen("tick a");

        Task stop = cluster.StopSiloAsync("Silo_0");
        cluster.Probe.Open("gate");
        await stop;

        Assert.Equal(0, cluster.Probe.Count("tock a"));
        Assert.Empty(log.Lines);
    }
}
