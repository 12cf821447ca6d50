using System.Runtime.InteropServices;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Grains.Network;
using Kimura.Interfaces;
using Kimura.Storage;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Kimura.Grains.Intake;

/// <summary>
/// Checks signatures on every core and forwards what is valid to the pool, or on a node that follows a leader elsewhere, to that leader.
/// </summary>
[StatelessWorker]
[Reentrant]
internal sealed class IntakeGrain(ChainParameters parameters, IWorkers workers, IntakeInstruments instruments, ILeaderLink? leader = null) : Grain, IIntakeGrain
{
    public async Task<SubmissionResults> SubmitAsync(SubmissionBatch batch)
    {
        var messages = Split(batch);
        using var trace = MessageTrace.Begin(GrainTraces.Source, "intake", messages.Select(message => message.ComputeId()));
        var ids = new byte[messages.Length * Hash32.Size];
        var results = new SubmissionResult[messages.Length];
        await workers.RunAsync(messages.Length, (from, to) =>
        {
            for (var i = from; i < to; i++)
            {
                messages[i].ComputeId().Value.CopyTo(ids.AsSpan(i * Hash32.Size));
                results[i] = new SubmissionResult(Check(messages[i]));
            }
        });

        var valid = results.Count(result => result.Outcome == SubmissionOutcome.Unspecified);
        instruments.Checked(valid, messages.Length - valid);
        if (valid > 0)
        {
            await ForwardAsync(valid == messages.Length ? new VerifiedBatch(batch.Encodings, valid, ids) : Filter(messages, ids, results, valid), results);
        }

        return new SubmissionResults(ImmutableCollectionsMarshal.AsImmutableArray(results), ids);
    }

    private async Task ForwardAsync(VerifiedBatch valid, SubmissionResult[] results)
    {
        var admitted = leader is null ? await AdmitAsync(valid) : await leader.SubmitAsync(new SubmissionBatch(valid.Encodings, valid.Count));
        if (admitted is not null && admitted.Results.Length != valid.Count)
        {
            throw new InvalidOperationException($"{admitted.Results.Length} answers came for {valid.Count} messages");
        }

        var next = 0;
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Outcome == SubmissionOutcome.Unspecified)
            {
                results[i] = admitted is null ? new SubmissionResult(SubmissionOutcome.Unavailable) : admitted.Results[next++];
            }
        }
    }

    private async Task<SubmissionResults?> AdmitAsync(VerifiedBatch valid)
    {
        try
        {
            return await GrainFactory.GetGrain<IPendingPoolGrain>(0).AdmitAsync(valid);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException or OperationCanceledException or StorageException { Fault: StorageFault.Failed })
        {
            // No leader-flagged silo is alive, the pool is moving (Orleans cancels what waits for an activation that is broken off), the cluster's log is lost,
            // or a write failed: what may be stored all the same, a retry learns.
            instruments.Unreachable(exception);
            return null;
        }
    }

    private SubmissionOutcome Check(Message message)
    {
        if (message.Content.Length > parameters.MaxContent)
        {
            return SubmissionOutcome.TooLarge;
        }

        return message.HasValidSignature(parameters) ? SubmissionOutcome.Unspecified : SubmissionOutcome.InvalidSignature;
    }

    private static Message[] Split(SubmissionBatch batch)
    {
        if (batch.Count < 0 || batch.Count > batch.Encodings.Length / Message.HeaderSize)
        {
            throw new ArgumentException($"{batch.Encodings.Length} bytes are not {batch.Count} message encodings", nameof(batch));
        }

        var messages = new Message[batch.Count];
        var rest = batch.Encodings;
        for (var i = 0; i < messages.Length; i++)
        {
            if (!Message.TryReadFirst(rest, ChainParameters.ContentLimit, out messages[i]))
            {
                throw new ArgumentException($"message {i} of the batch is not a message encoding", nameof(batch));
            }

            rest = rest[messages[i].Encoding.Length..];
        }

        return rest.IsEmpty ? messages : throw new ArgumentException($"{rest.Length} bytes follow the last message of the batch", nameof(batch));
    }

    private static VerifiedBatch Filter(Message[] messages, byte[] ids, SubmissionResult[] results, int valid)
    {
        using var encodings = new MemoryStream();
        var keptIds = new byte[valid * Hash32.Size];
        var kept = 0;
        for (var i = 0; i < messages.Length; i++)
        {
            if (results[i].Outcome == SubmissionOutcome.Unspecified)
            {
                encodings.Write(messages[i].Encoding.Span);
                ids.AsSpan(i * Hash32.Size, Hash32.Size).CopyTo(keptIds.AsSpan(kept++ * Hash32.Size));
            }
        }

        return new VerifiedBatch(encodings.ToArray(), valid, keptIds);
    }
}
