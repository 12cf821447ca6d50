using System.Runtime.InteropServices;
using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Grains.Leader;
using Kimura.Grains.Placement;
using Kimura.Interfaces;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Kimura.Grains.Pool;

/// <summary>
/// The pending pool. Reentrant: while one group of messages is being synced, what arrives gathers in the next one and shares its sync.
/// </summary>
[LeaderSilo]
[Reentrant]
internal sealed class PendingPoolGrain(
    [PersistentState("epoch", NodeOptions.GrainStorage)] IPersistentState<EpochState> epoch,
    IChainLog log,
    ChainStore chain,
    NodeOptions options,
    TimeProvider time,
    PoolInstruments instruments,
    ProductionGate? gate = null) : Grain, IPendingPoolGrain
{
    private AdmissionBook _book = null!;
    private FlushGroup _gathering = new();
    private bool _flushing;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        epoch.State = new EpochState(epoch.State.Number + 1);
        await epoch.WriteStateAsync(cancellationToken);
        if (!await log.TakePoolEpochAsync(epoch.State.Number))
        {
            throw new InconsistentEpochException(epoch.State.Number, log.PoolEpoch);
        }

        var pending = (await log.ReadPendingAsync()).Messages;
        _book = new AdmissionBook(options, pending.Count == 0 ? 0 : pending[^1].Arrival + 1);
        foreach (var message in pending)
        {
            _book.Restore(message);
        }
    }

    public async Task<SubmissionResults> AdmitAsync(VerifiedBatch batch)
    {
        if (IsOver() || ProductionHold.ReasonFor(chain, gate) is not null)
        {
            instruments.Admitted(0, batch.Count);
            return new SubmissionResults([.. Enumerable.Repeat(new SubmissionResult(SubmissionOutcome.Unavailable), batch.Count)], batch.Ids);
        }

        // The leader's stamp goes into a copy of our own: what crosses a grain call is immutable.
        var encodings = batch.Encodings.ToArray();
        var messages = Stamp(encodings, batch);
        using var trace = MessageTrace.Begin(GrainTraces.Source, "pool admit", messages.Select(message => message.ComputeId()));
        _book.Prune(IsPending);

        // Reading may wait, and others may pass meanwhile: so until all senders are known in one and the same turn, which goes on below.
        while (FindUnknown(messages) is { Count: > 0 } unknown)
        {
            await LearnAsync(unknown);
        }

        var results = new SubmissionResult[messages.Length];
        var group = _gathering;
        List<(int Index, Underway? FirstTry)>? duplicates = null;
        for (var i = 0; i < messages.Length; i++)
        {
            var id = new MessageId(new Hash32(batch.Ids.Span.Slice(i * Hash32.Size, Hash32.Size)));
            var admission = _book.Admit(messages[i], id, group);
            if (admission.Outcome == SubmissionOutcome.Duplicate)
            {
                (duplicates ??= []).Add((i, admission.FirstTry));
            }

            results[i] = new SubmissionResult(admission.Outcome, admission.Expected)
            {
                RetryAfterMilliseconds = admission.Outcome == SubmissionOutcome.PoolFull ? (int)options.BlockInterval.TotalMilliseconds : 0,
            };
        }

        for (var i = 0; i < messages.Length; i++)
        {
            if (results[i].Outcome != SubmissionOutcome.Accepted)
            {
                _book.ForgetIdle(messages[i].Sender);
            }
        }

        var accepted = await FlushAsync(results, group);
        foreach (var (index, firstTry) in duplicates ?? [])
        {
            var id = new MessageId(new Hash32(batch.Ids.Span.Slice(index * Hash32.Size, Hash32.Size)));
            results[index] = await CompareAsync(id, messages[index], firstTry);
        }

        if (accepted == 0 && !await IsInForceAsync())
        {
            // Somebody else decides over these by now, and knows better.
            Array.Fill(results, new SubmissionResult(SubmissionOutcome.Unavailable));
        }

        instruments.Admitted(accepted, results.Length - accepted);
        return new SubmissionResults(ImmutableCollectionsMarshal.AsImmutableArray(results), batch.Ids);
    }

    public Task<PendingSelection?> SelectAsync(string leaderSilo)
    {
        if (IsOver())
        {
            return Task.FromResult<PendingSelection?>(null);
        }

        if (leaderSilo != options.SiloName)
        {
            // The leader reads its own silo's store: they belong together.
            DeactivateOnIdle();
        }

        _book.Prune(IsPending);
        return Task.FromResult<PendingSelection?>(PoolSelection.Of(_book.Stored, chain.Parameters, options.SiloName));
    }

    // The store ends an epoch when blocks come from elsewhere: what this activation knows of nonces may be wrong then, the next one knows better.
    private bool IsOver()
    {
        var isOver = log.PoolEpoch != epoch.State.Number;
        if (isOver)
        {
            DeactivateOnIdle();
        }

        return isOver;
    }

    // What was just stored proves it; a refusal alone proves nothing.
    private async Task<bool> IsInForceAsync()
    {
        try
        {
            var isInForce = await log.IsPoolEpochAsync(epoch.State.Number);
            if (!isInForce)
            {
                DeactivateOnIdle();
            }

            return isInForce;
        }
        catch (LogUnavailableException)
        {
            return false;
        }
    }

    private Message[] Stamp(byte[] encodings, VerifiedBatch batch)
    {
        if (batch.Ids.Length != (long)batch.Count * Hash32.Size)
        {
            throw new ArgumentException($"{batch.Ids.Length} bytes are not the ids of {batch.Count} messages", nameof(batch));
        }

        var now = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        var messages = new Message[batch.Count];
        var rest = encodings.AsMemory();
        for (var i = 0; i < messages.Length; i++)
        {
            if (!Message.TryReadFirst(rest, chain.Parameters.MaxContent, out messages[i]))
            {
                throw new ArgumentException($"message {i} of the batch is not a message encoding", nameof(batch));
            }

            Message.Stamp(rest.Span, now);
            rest = rest[messages[i].Encoding.Length..];
        }

        return messages;
    }

    private HashSet<PublicKey> FindUnknown(Message[] messages) =>
        messages.Select(message => message.Sender).Where(sender => !_book.Knows(sender)).ToHashSet();

    private async Task LearnAsync(HashSet<PublicKey> senders)
    {
        var generation = _book.Generation;
        var nonces = new List<(PublicKey Sender, ulong Next)>(senders.Count);
        foreach (var sender in senders)
        {
            nonces.Add((sender, await chain.GetNonceAsync(sender)));
        }

        if (generation == _book.Generation)
        {
            nonces.ForEach(known => _book.Learn(known.Sender, known.Next));
        }
    }

    private async Task<int> FlushAsync(SubmissionResult[] results, FlushGroup group)
    {
        var accepted = results.Count(result => result.Outcome == SubmissionOutcome.Accepted);
        if (accepted == 0)
        {
            return 0;
        }

        if (!_flushing)
        {
            _flushing = true;
            _ = FlushAllAsync();
        }

        if (await group.Done == CommitOutcome.Committed)
        {
            return accepted;
        }

        for (var i = 0; i < results.Length; i++)
        {
            results[i] = results[i].Outcome == SubmissionOutcome.Accepted ? new SubmissionResult(SubmissionOutcome.Unavailable) : results[i];
        }

        return 0;
    }

    // Never throws: each group carries its own failure to those who wait for it.
    private async Task FlushAllAsync()
    {
        while (_gathering.Messages.Count > 0)
        {
            var group = _gathering;
            _gathering = new FlushGroup();
            try
            {
                var outcome = await log.StorePendingAsync(epoch.State.Number, group.Messages);
                if (outcome == CommitOutcome.Committed)
                {
                    _book.Settle(group);
                    instruments.Flushed(group.Messages.Count);
                }
                else
                {
                    DeactivateOnIdle();
                }

                group.Complete(outcome);
            }
            catch (Exception exception)
            {
                DeactivateOnIdle();
                group.Fail(exception);
            }
        }

        _flushing = false;
    }

    // A retry that meets its own first try waits for that sync and gets its answer; anything else is told what is known.
    private async Task<SubmissionResult> CompareAsync(MessageId id, Message message, Underway? firstTry)
    {
        if (firstTry is not null)
        {
            var same = firstTry.Message.Message.Content.SequenceEqual(message.Content);
            var stored = await firstTry.Group.Done == CommitOutcome.Committed;
            return (stored, same) switch
            {
                (false, _) => new SubmissionResult(SubmissionOutcome.Unavailable),
                (true, true) => new SubmissionResult(SubmissionOutcome.Accepted),
                (true, false) => new SubmissionResult(SubmissionOutcome.Duplicate),
            };
        }

        var known = await chain.GetMessageAsync(id);
        return new SubmissionResult(SubmissionOutcome.Duplicate)
        {
            SameContent = known is { } other && other.Message.Content.SequenceEqual(message.Content),
        };
    }

    private bool IsPending(MessageId id) => chain.GetPending(id) is not null;
}
