using Kimura.Grains;
using Kimura.Interfaces;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Kimura.Silo.Hosting;

/// <summary>Calls the leader grain each interval: nothing activates a grain by itself, at the start as after a failover.</summary>
internal sealed partial class LeaderKeepAlive(IGrainFactory grains, NodeOptions options, TimeProvider time, ILogger<LeaderKeepAlive> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.BlockInterval, time);
        var leader = grains.GetGrain<ILeaderGrain>(0);
        try
        {
            do
            {
                try
                {
                    await leader.KeepAliveAsync().WaitAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    LogUnreachable(logger, exception);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leader does not answer; trying again at the next interval")]
    private static partial void LogUnreachable(ILogger logger, Exception exception);
}
