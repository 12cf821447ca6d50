using System.Collections.Concurrent;
using Kimura.Libp2p;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Network;

/// <summary>Work beside the requests, on one scheduler: what fails is told, and a stop waits for all of it.</summary>
internal sealed partial class BackgroundWork(TaskScheduler scheduler, ILogger logger) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, byte> _tasks = new();

    public CancellationToken Stopping => _stopping.Token;

    public void Run(Func<CancellationToken, Task> work)
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        var task = Task.Factory
            .StartNew(() => GuardAsync(work), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler)
            .Unwrap();
        _tasks.TryAdd(task, 0);
        _ = task.ContinueWith(
            static (ended, tasks) => ((ConcurrentDictionary<Task, byte>)tasks!).TryRemove(ended, out _),
            _tasks,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            scheduler);
    }

    public async Task StopAsync()
    {
        // Not CancelAsync, which goes through the thread pool.
        _stopping.Cancel();
        await Task.WhenAll(_tasks.Keys);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task GuardAsync(Func<CancellationToken, Task> work)
    {
        try
        {
            await work(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node stops.
        }
        catch (Libp2pException exception)
        {
            LogEnded(logger, exception.Message);
        }
        catch (Exception exception)
        {
            LogFailed(logger, exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A piece of network work ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A piece of network work failed")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
