using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Kimura.Silo.Hosting;

/// <summary>
/// Sees at once that another silo's process ended, which Orleans' probes learn from three silences, and has it declared dead; and brings the leader
/// up at once where a silo is dead, however it came out (docs/decisions/silo-watch.md).
/// </summary>
internal sealed partial class SiloWatch(
    IClusterMembershipService membership, ILocalSiloDetails self, IEnumerable<LeaderKeepAlive> keepAlives, ILogger<SiloWatch> logger) : BackgroundService
{
    // So often in a row: a system whose queue of connections is full may refuse one or two for a silo that lives.
    private const int Refusals = 3;

    // A grain's place may not be free yet in the moment in which its silo is dead; after these tries the keep-alive's own interval has its turn.
    private const int WakingTries = 20;

    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan LongPause = TimeSpan.FromSeconds(1);

    // Membership follows the real clock, whatever a test gives the node.
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Dictionary<SiloAddress, CancellationTokenSource> _watched = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var dead = new HashSet<SiloAddress>();
        try
        {
            await foreach (var view in membership.MembershipUpdates.WithCancellation(stoppingToken))
            {
                Follow(view, stoppingToken);
                var known = dead.Count;
                dead.UnionWith(view.Members.Values.Where(member => member.Status == SiloStatus.Dead).Select(member => member.SiloAddress));
                if (dead.Count > known)
                {
                    _ = WakeLeaderAsync(stoppingToken);
                }
            }
        }
        finally
        {
            foreach (var watched in _watched.Values)
            {
                await watched.CancelAsync();
                watched.Dispose();
            }
        }
    }

    private void Follow(ClusterMembershipSnapshot view, CancellationToken stop)
    {
        foreach (var (silo, watching) in _watched.Where(pair => view.GetSiloStatus(pair.Key) != SiloStatus.Active).ToList())
        {
            watching.Cancel();
            watching.Dispose();
            _watched.Remove(silo);
        }

        foreach (var silo in view.Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress))
        {
            if (!silo.Equals(self.SiloAddress) && !_watched.ContainsKey(silo))
            {
                var watching = CancellationTokenSource.CreateLinkedTokenSource(stop);
                _watched.Add(silo, watching);
                _ = GuardAsync(silo, watching.Token);
            }
        }
    }

    // A watch that fails leaves its silo to the probes, and says so.
    private async Task GuardAsync(SiloAddress silo, CancellationToken stop)
    {
        try
        {
            await WatchAsync(silo, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The silo is not a member any more, or this one stops.
        }
        catch (Exception exception)
        {
            LogBlind(logger, silo, exception);
        }
    }

    private async Task WatchAsync(SiloAddress silo, CancellationToken stop)
    {
        var refused = 0;
        while (true)
        {
            var end = await SiloLine.HoldAsync(silo.Endpoint, _time, stop);
            refused = end == LineEnd.Refused ? refused + 1 : 0;
            if (refused >= Refusals && await IsActiveAsync(silo, stop))
            {
                LogGone(logger, silo);
                await membership.TryKill(silo);
            }

            await Task.Delay(end == LineEnd.Closed || refused is > 0 and < Refusals ? ShortPause : LongPause, _time, stop);
        }
    }

    // By the table and not by what this silo heard last: one that stops closes its port too, and has said so there before.
    private async Task<bool> IsActiveAsync(SiloAddress silo, CancellationToken stop)
    {
        try
        {
            await membership.Refresh(default, stop);
            return membership.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Active;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogNoTable(logger, silo, exception);
            return false;
        }
    }

    // On a silo without the leader flag there is no such service.
    private async Task WakeLeaderAsync(CancellationToken stop)
    {
        foreach (var keepAlive in keepAlives)
        {
            try
            {
                for (var tries = 1; !await keepAlive.TryCallAsync(stop) && tries < WakingTries; tries++)
                {
                    await Task.Delay(ShortPause, _time, stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // This silo stops.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody listens for silo {Silo} any more: its process has ended. The cluster goes on without it")]
    private static partial void LogGone(ILogger logger, SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody listens for silo {Silo} any more, and the cluster's database does not answer; trying again")]
    private static partial void LogNoTable(ILogger logger, SiloAddress silo, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Silo {Silo} is no longer watched but by probes")]
    private static partial void LogBlind(ILogger logger, SiloAddress silo, Exception exception);
}
