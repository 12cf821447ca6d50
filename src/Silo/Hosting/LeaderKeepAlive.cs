using Kimura.Grains;
using Kimura.Interfaces;
using Kimura.Silo.Network;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Kimura.Silo.Hosting;

/// <summary>Calls the leader grain each interval: nothing activates a grain by itself, at the start as after a failover.</summary>
internal sealed partial class LeaderKeepAlive(IGrainFactory grains, NodeOptions options, TimeProvider time, BackgroundWork work, ILogger<LeaderKeepAlive> logger)
{
    /// <summary>Begins, once all of the node has started: a start that fails leaves no leader behind. The network's stop ends it, as all background work.</summary>
    public void Start() => work.Run(RunAsync);

    private async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(options.BlockInterval, time);
        do
        {
            await TryCallAsync(stop);
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    /// <summary>One call out of turn; false where there was no answer.</summary>
    public async Task<bool> TryCallAsync(CancellationToken stop)
    {
        try
        {
            await grains.GetGrain<ILeaderGrain>(0).KeepAliveAsync().WaitAsync(stop);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogUnreachable(logger, exception);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leader does not answer; trying again at the next interval")]
    private static partial void LogUnreachable(ILogger logger, Exception exception);
}
