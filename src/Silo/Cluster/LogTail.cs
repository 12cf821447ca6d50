using Kimura.Grains;
using Kimura.Grains.Cluster;
using Kimura.Silo.Network;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Kimura.Silo.Cluster;

/// <summary>
/// Follows the cluster's log: what it announces comes into the replica, and what the silo knows of the cluster is what it heard last. A log
/// that does not hold what the replica does was put back to an older state, and ends the node.
/// </summary>
internal sealed partial class LogTail(
    ISharedLog log, ReplicaFeed feed, ChainStore replica, ClusterView view, ILeaderHost host, NodeOptions options, ClusterInstruments instruments, BackgroundWork work, TimeProvider time,
    ILogger<LogTail> logger) : IHostedService
{
    // Announcements can be lost: then it is only this late.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        work.Run(RunAsync);
        return Task.CompletedTask;
    }

    // The network, which stops next, ends all background work.
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stop);
                await log.WaitForNewsAsync(Look, stop);
            }
            catch (LogUnavailableException exception)
            {
                if (view.Lost())
                {
                    instruments.Lost();
                    LogLost(logger, exception.Message);
                }

                await Task.Delay(Again, time, stop);
            }
            catch (Exception exception) when (exception is OrleansException or TimeoutException)
            {
                // The silo comes up or goes down.
                LogNotNow(logger, exception.Message);
                await Task.Delay(Again, time, stop);
            }
            catch (StorageException exception)
            {
                replica.EndWith(exception);
                return;
            }
        }
    }

    private async Task LookAsync(CancellationToken stop)
    {
        // The replica first: the log, asked later, has at least that.
        var here = new LogTip(replica.Tip.Height, replica.Tip.Hash);
        var news = await log.ReadNewsAsync();
        if (news.Tip.Height < here.Height || (view.IsLost && !await log.HoldsAsync(here)) || (news.Tip.Height == here.Height && news.Tip != here))
        {
            throw LogComparison.IsBehind(here, news.Tip);
        }

        await feed.CatchUpAsync(news.Tip.Height, stop);
        if (news.Leader is { Host.IsEmpty: true } leader && leader.Silo == options.SiloName && !host.Place.Host.IsEmpty)
        {
            // It led before it listened.
            await log.NameLeaderAsync(news.LeaderEpoch, host.Place);
        }

        if (view.Heard(news))
        {
            LogBack(logger, news.Tip.Height);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster's log is lost: no submissions are taken, reads go on. {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The chain grain does not answer: {Reason}")]
    private static partial void LogNotNow(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Following the cluster's log, at height {Height}")]
    private static partial void LogBack(ILogger logger, ulong height);
}
