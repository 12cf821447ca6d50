using Kimura.Chain;
using Kimura.Silo.Network;
using Kimura.Storage.Ledger;
using Kimura.Storage.Ledger.Mending;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Repair;

/// <summary>
/// Looks through everything that is stored, slowly, again and again, and has mended what is damaged before somebody needs it. Where it is lies in
/// memory alone: a restart begins anew.
/// </summary>
internal sealed partial class Scrubber(
    ChainStore chain, ProducerSchedule producers, ChainMender mender, RepairInstruments instruments, long bytesPerSecond, TimeProvider time, ILogger<Scrubber> logger)
{
    // What a block costs beside its bytes.
    private const long BlockCost = 512;

    // Most of the pause that a step may owe before it is made.
    private static readonly TimeSpan LongestStep = TimeSpan.FromMilliseconds(100);

    // What cannot be mended is not looked at without a pause.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BetweenPasses = TimeSpan.FromMinutes(1);

    private readonly WakeUp _wakeUp = new();
    private long _owed;

    /// <summary>Begins a pass soon: damage was reported.</summary>
    public void Wake() => _wakeUp.Set();

    public async Task RunAsync(CancellationToken stop)
    {
        if (bytesPerSecond == 0)
        {
            return;
        }

        mender.Reported = Wake;
        while (true)
        {
            await PassAsync(stop);
            await Task.Delay(ShortestPause, time, stop);
            await _wakeUp.WaitAsync(BetweenPasses, time, stop);
        }
    }

    /// <summary>One look at everything, from genesis to the tip there is when it gets there.</summary>
    public async Task PassAsync(CancellationToken stop)
    {
        var found = 0;
        var mended = 0;
        for (var height = 0UL; height <= chain.Tip.Height; height++)
        {
            stop.ThrowIfCancellationRequested();
            var (isDamaged, isMended) = await StepAsync(height, await chain.ScrubAsync(height, producers), stop);
            if (isMended)
            {
                // The messages of a block that was damaged itself are known only now.
                _ = await StepAsync(height, await chain.ScrubAsync(height, producers), stop);
            }

            found += isDamaged ? 1 : 0;
            mended += isMended ? 1 : 0;
        }

        var records = await chain.ScrubRecordsAsync(producers);
        foreach (var (damage, exception) in records.Found)
        {
            mender.Report(damage, exception);
        }

        instruments.Scrubbed(chain.Tip.Height, records.Bytes);
        instruments.Passed();
        if (found > 0)
        {
            LogPassed(logger, chain.Tip.Height, found, mended);
        }
    }

    private async Task<(bool IsDamaged, bool IsMended)> StepAsync(ulong height, ScrubStep step, CancellationToken stop)
    {
        var isMended = false;
        foreach (var (damage, exception) in step.Found)
        {
            isMended |= await mender.MendAsync(damage, exception);
        }

        instruments.Scrubbed(height, step.Bytes);
        _owed += step.Bytes + BlockCost;
        var pause = TimeSpan.FromSeconds(_owed / (double)bytesPerSecond);
        if (pause >= LongestStep)
        {
            _owed = 0;
            await Task.Delay(pause, time, stop);
        }

        return (step.Found.Count > 0, isMended);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looked through the chain up to height {Height}: {Found} blocks had damage, of which {Mended} were mended")]
    private static partial void LogPassed(ILogger logger, ulong height, int found, int mended);
}
