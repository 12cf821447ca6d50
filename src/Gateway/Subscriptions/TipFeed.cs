using Kimura.Gateway.Methods;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Subscriptions;

/// <summary>
/// How high the chain is, for everybody who waits for it to grow: one wait at the node for the whole process, begun with the first
/// subscription.
/// </summary>
internal sealed partial class TipFeed(
    NodeAccess node, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<TipFeed> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = NewSignal();
    private ulong? _tip;
    private bool _runs;

    /// <summary>Waits until there is a block at a height; gives the tip's height.</summary>
    public async ValueTask<ulong> ReachAsync(ulong height, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_tip >= height)
                {
                    return _tip.Value;
                }

                changed = _changed.Task;
                if (!_runs)
                {
                    _runs = true;
                    _ = PumpAsync(lifetime.ApplicationStopping);
                }
            }

            await changed.WaitAsync(cancellation);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Ends with the process's gateway alone, and has no result: whatever goes wrong is said in the log and tried again.
    private async Task PumpAsync(CancellationToken stopping)
    {
        // Not within the lock of whoever began it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var tip = _tip is { } above ? await node.AskAsync(reader => reader.WaitForTipAsync(above)) : await node.AskAsync(reader => reader.GetTipAsync());
                node.Saw(tip.Height);
                Publish(tip.Height);
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                // The node's grains are ending.
            }
            catch (Exception fault)
            {
                LogNoTip(fault.Message);
                await Task.Delay(Pause, time, stopping).ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private void Publish(ulong height)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (height <= _tip)
            {
                return;
            }

            _tip = height;
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }
}
