using Kimura.Silo.Hosting;
using Kimura.Storage;
using Kimura.Storage.Backup;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Backups;

/// <summary>
/// Makes a backup each interval, counted from the newest good one that is there, so that a restart neither adds nor skips one. What fails is
/// logged, counted and tried again; it never touches the node's work.
/// </summary>
internal sealed partial class BackupSchedule(
    BackupOptions options, Checkpoints checkpoints, BackupInstruments instruments, TimeProvider time, ILogger<BackupSchedule> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var wait = await GuardAsync(FindFirstDueAsync);
            while (true)
            {
                await Task.Delay(wait, time, stoppingToken);
                wait = await GuardAsync(() => MakeAsync(stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    // The time to the next try.
    private async Task<TimeSpan> GuardAsync(Func<Task<TimeSpan>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            instruments.Failed();
            var wait = RetryDelay < options.Interval ? RetryDelay : options.Interval;
            LogFailed(logger, options.Directory!, wait, exception);
            return wait;
        }
    }

    private Task<TimeSpan> FindFirstDueAsync()
    {
        using var directory = BackupDirectory.OpenToWrite(options.Directory!);
        if (directory.List().LastOrDefault(backup => backup.Manifest is not null)?.Manifest is not { } newest)
        {
            return Task.FromResult(TimeSpan.Zero);
        }

        instruments.Newest(newest);
        var wait = newest.Created + options.Interval - time.GetUtcNow();

        // One from the future, by a clock that was wrong then, must not hold them up for long.
        return Task.FromResult(TimeSpan.FromTicks(Math.Clamp(wait.Ticks, 0, options.Interval.Ticks)));
    }

    private async Task<TimeSpan> MakeAsync(CancellationToken stopping)
    {
        using var checkpoint = await checkpoints.TryTakeAsync()
            ?? throw new StorageException(StorageFault.Locked, "another backup of this node is being made");
        var result = await QuietThread.RunAsync(() =>
        {
            using var directory = BackupDirectory.OpenToWrite(options.Directory!);
            var run = new BackupRun(directory, time, logger) { Keep = options.Keep, NodeVersion = KimuraNode.Version, LeaderKeys = options.LeaderKeys };
            return run.Create(checkpoint.Path, stopping);
        });
        instruments.Made(result);
        LogMade(logger, result.Manifest.Name, options.Directory!, result.NewBytes, result.Deleted.Count);
        return options.Interval;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Made backup {Name} in {Directory}: {Bytes} bytes added, {Deleted} older backups deleted")]
    private static partial void LogMade(ILogger logger, string name, string directory, long bytes, int deleted);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No backup was made in {Directory}, the next try is in {Wait}")]
    private static partial void LogFailed(ILogger logger, string directory, TimeSpan wait, Exception exception);
}
