using System.Collections.Immutable;
using Kimura.Gateway.JsonRpc;
using Kimura.Interfaces;
using Orleans;
using Orleans.Runtime;

namespace Kimura.Gateway.Methods;

/// <summary>
/// The two grains that the gateway speaks to; references are made on first use, when the engine is up. A gateway in a process of its own
/// outlives silos (<see cref="GatewayOptions.RetryFor"/>): what fails because one died is asked again of another, for as long as that takes.
/// Everything here may be asked twice: reads change nothing, and a message is taken once, however often it is sent.
/// </summary>
internal sealed class NodeAccess(IGrainFactory grains, GatewayOptions options, BrokenConnections broken, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lazy<IIntakeGrain> _intake = new(() => grains.GetGrain<IIntakeGrain>(0), LazyThreadSafetyMode.PublicationOnly);
    private readonly Lazy<IChainReader> _reader = new(() => grains.GetGrain<IChainReader>(0), LazyThreadSafetyMode.PublicationOnly);

    private ulong _seen;

    /// <summary>The reader as it is: asked once, and not again where it does not answer.</summary>
    public IChainReader Reader => _reader.Value;

    /// <summary>The tip's height and hash; never below one that was given before, while it is tried again.</summary>
    public Task<TipRecord> GetTipAsync() => ReadAsync(reader => reader.GetTipAsync(), tip => !Saw(tip.Height));

    /// <summary>The block at a height.</summary>
    public Task<BlockRecord?> GetBlockAsync(ulong height, bool withMessages) =>
        ReadAsync(reader => reader.GetBlockAsync(height, withMessages), record => record is null && height <= Volatile.Read(ref _seen));

    /// <summary>Blocks of a range, as <see cref="IChainReader.GetBlocksAsync"/>.</summary>
    public Task<ImmutableArray<BlockRecord>> GetBlocksAsync(ulong first, ulong last) => ReadAsync(
        reader => reader.GetBlocksAsync(first, last),
        records => (ulong)records.Length <= last - first && first + (ulong)records.Length <= Volatile.Read(ref _seen));

    /// <summary>Keeps in mind how high the chain is known to be; false where that is more than a height just heard of.</summary>
    public bool Saw(ulong height)
    {
        for (var seen = Volatile.Read(ref _seen); height > seen; seen = Volatile.Read(ref _seen))
        {
            if (Interlocked.CompareExchange(ref _seen, height, seen) == seen)
            {
                return true;
            }
        }

        return height >= Volatile.Read(ref _seen);
    }

    /// <summary>Asks the reader once; gives up where the answer may have been on a connection that broke.</summary>
    /// <exception cref="SiloUnavailableException">A connection broke before there was an answer.</exception>
    public Task<T> AskAsync<T>(Func<IChainReader, Task<T>> read) => UnlessBrokenAsync(() => read(_reader.Value));

    /// <summary>Reads from the node.</summary>
    /// <param name="read">The call.</param>
    /// <param name="isBehind">Of an answer, that the silo has not caught up with what another one said before: it is asked again.</param>
    public async Task<T> ReadAsync<T>(Func<IChainReader, Task<T>> read, Func<T, bool>? isBehind = null)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                var answer = await AskAsync(read);
                if (isBehind?.Invoke(answer) != true || IsOver(started))
                {
                    return answer;
                }
            }
            catch (Exception fault) when (MayPass(fault) && !IsOver(started))
            {
                // Another silo answers, or this one when it is back.
            }

            await Task.Delay(Pause, time);
        }
    }

    /// <summary>Submits messages.</summary>
    public async Task<SubmissionResults> SubmitAsync(SubmissionBatch batch)
    {
        var started = time.GetTimestamp();
        var isRepeated = false;
        while (true)
        {
            try
            {
                var results = await UnlessBrokenAsync(() => _intake.Value.SubmitAsync(batch));
                if (results.Results.IsEmpty || !results.Results.All(result => result.Outcome == SubmissionOutcome.Unavailable) || IsOver(started))
                {
                    return isRepeated ? OwnFirstTry(results) : results;
                }
            }
            catch (Exception fault) when (MayPass(fault) && !IsOver(started))
            {
                // Whether they were taken is not known: sent again, they tell.
            }

            isRepeated = true;
            await Task.Delay(Pause, time);
        }
    }

    // Which silo a call went to is not known here: so all are asked again, and the answer of one that lives is let go.
    private async Task<T> UnlessBrokenAsync<T>(Func<Task<T>> call)
    {
        var breaks = broken.Next;
        var answer = call();
        return await Task.WhenAny(answer, breaks) == answer
            ? await answer
            : throw new SiloUnavailableException("a connection to a silo broke before there was an answer");
    }

    private static bool MayPass(Exception fault) => FailureClassifier.Classify(fault) == RpcFailure.Unavailable;

    // The same message, known already, when it is sent a second time: the first try was taken, and its answer lost.
    private static SubmissionResults OwnFirstTry(SubmissionResults results) => results with
    {
        Results = [.. results.Results.Select(result => result is { Outcome: SubmissionOutcome.Duplicate, SameContent: true }
            ? new SubmissionResult(SubmissionOutcome.Accepted)
            : result)],
    };

    private bool IsOver(long started) => time.GetElapsedTime(started) >= options.RetryFor;
}
