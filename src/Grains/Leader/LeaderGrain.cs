using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Grains.Placement;
using Kimura.Interfaces;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Grains.Leader;

/// <summary>Makes a block each interval. Its epoch is taken durably when it activates: an older activation can commit nothing after that.</summary>
[LeaderSilo]
internal sealed partial class LeaderGrain(
    [PersistentState("epoch", NodeOptions.GrainStorage)] IPersistentState<EpochState> epoch,
    IChainLog log,
    ChainStore chain,
    BlockSigner signer,
    NodeOptions options,
    TimeProvider time,
    LeaderInstruments instruments,
    ILogger<LeaderGrain> logger,
    ProductionGate? gate = null) : Grain, ILeaderGrain
{
    private BlockCadence _cadence = null!;
    private IGrainTimer _timer = null!;
    private bool _waiting;
    private bool _held;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        epoch.State = new EpochState(epoch.State.Number + 1);
        await epoch.WriteStateAsync(cancellationToken);
        if (!await log.TakeLeaderEpochAsync(epoch.State.Number))
        {
            throw new InconsistentEpochException(epoch.State.Number, log.LeaderEpoch);
        }

        LogResuming(logger, chain.Tip.Height + 1);
        _cadence = new BlockCadence(time, options.BlockInterval);
        _timer = this.RegisterGrainTimer(TickAsync, new GrainTimerCreationOptions
        {
            DueTime = _cadence.UntilNext(),
            Period = Timeout.InfiniteTimeSpan,
            KeepAlive = true,
        });
    }

    public Task<LeaderStatus> KeepAliveAsync() => Task.FromResult(new LeaderStatus(epoch.State.Number, chain.Tip.Height, _waiting || _held));

    private async Task TickAsync()
    {
        try
        {
            await ProduceAsync();
        }
        finally
        {
            _timer.Change(_cadence.UntilNext(), Timeout.InfiniteTimeSpan);
        }
    }

    private bool IsHeld()
    {
        var reason = ProductionHold.ReasonFor(chain, gate);
        if (reason is not null && !_held)
        {
            LogHeld(logger, reason);
        }
        else if (reason is null && _held)
        {
            LogResuming(logger, chain.Tip.Height + 1);
        }

        _held = reason is not null;
        return _held;
    }

    // Null where the pool cannot be had now: it moves, or its silo stops, or this one. The next tick asks again.
    private async Task<PendingSelection?> SelectAsync()
    {
        var pool = GrainFactory.GetGrain<IPendingPoolGrain>(0);
        try
        {
            // A pool whose epoch is over says so and goes; the one that is called next has read the store anew.
            return await pool.SelectAsync(options.SiloName) ?? await pool.SelectAsync(options.SiloName);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException or OperationCanceledException)
        {
            LogNoPool(logger, exception.Message);
            return null;
        }
    }

    private async Task ProduceAsync()
    {
        if (IsHeld())
        {
            return;
        }

        var started = time.GetTimestamp();

        // The clock first: what was answered before the block's timestamp is then in the selection.
        var now = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        var selection = await SelectAsync();
        if (selection is null || IsHeld())
        {
            return;
        }

        if (selection.Silo != options.SiloName)
        {
            // The pool goes too: both come up again where they belong, which is one silo.
            LogApart(logger, selection.Silo);
            DeactivateOnIdle();
            return;
        }

        var tip = chain.Tip;
        if (BlockProduction.MustWait(tip.Header, selection.LatestTimestamp, now))
        {
            if (!_waiting)
            {
                LogClockBehind(logger, Math.Max(tip.Header.Timestamp, selection.LatestTimestamp) - now);
            }

            _waiting = true;
            return;
        }

        _waiting = false;
        var block = BlockProduction.Produce(tip, selection.Entries.Span, selection.LatestTimestamp, now, signer);
        using var trace = MessageTrace.Begin(GrainTraces.Source, "leader block", Enumerable.Range(0, block.Count).Select(block.IdAt));
        var outcome = await log.CommitProducedAsync(epoch.State.Number, block);
        switch (outcome)
        {
            case CommitOutcome.Committed:
                instruments.Produced(block.Count, time.GetElapsedTime(started));
                LogProduced(logger, block.Height, block.Count);
                break;
            case CommitOutcome.Fenced:
                LogFenced(logger, epoch.State.Number, log.LeaderEpoch);
                DeactivateOnIdle();
                break;
            case CommitOutcome.Unavailable or CommitOutcome.Unknown:
                // Whether it is in the log is for the next epoch to find out: nothing of this one is written after that is taken.
                LogUndecided(logger, block.Height, outcome);
                DeactivateOnIdle();
                break;
            default:
                LogStale(logger, block.Height);
                break;
        }
    }
}
