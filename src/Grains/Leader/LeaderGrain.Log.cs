using Kimura.Storage.Ledger;
using Microsoft.Extensions.Logging;

namespace Kimura.Grains.Leader;

internal sealed partial class LeaderGrain
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Leader resuming from height {Height}")]
    private static partial void LogResuming(ILogger logger, ulong height);

    [LoggerMessage(Level = LogLevel.Information, Message = "Produced block {Height} with {Count} messages")]
    private static partial void LogProduced(ILogger logger, ulong height, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This clock is {Milliseconds} ms behind the last block: no blocks until it has caught up. Check the system's time")]
    private static partial void LogClockBehind(ILogger logger, ulong milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No blocks are made, no messages taken: {Reason}")]
    private static partial void LogHeld(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Epoch {Epoch} is over, {Newer} leads now")]
    private static partial void LogFenced(ILogger logger, ulong epoch, ulong newer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pool is on {Silo}, the leader here: both are placed anew")]
    private static partial void LogApart(ILogger logger, string silo);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No block this time, the pool cannot be reached: {Reason}")]
    private static partial void LogNoPool(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Block {Height}: the cluster's log did not answer ({Outcome}); a new epoch finds out whether it is there")]
    private static partial void LogUndecided(ILogger logger, ulong height, CommitOutcome outcome);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Block {Height} was not committed: the chain had moved on")]
    private static partial void LogStale(ILogger logger, ulong height);
}
