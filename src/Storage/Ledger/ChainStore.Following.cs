using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.KeyValue;
using Kimura.Storage.SignGuard;

namespace Kimura.Storage.Ledger;

/// <content>What comes from other nodes.</content>
public sealed partial class ChainStore
{
    private const ulong AllBodies = ulong.MaxValue;

    private ulong _bodiesHeight;
    private ulong _lostHeight;

    /// <summary>
    /// The height up to which every block's messages, and the senders' nonces, are stored; null while that is all of them. Above it only
    /// places are, and the messages that were fetched one by one.
    /// </summary>
    public ulong? BodiesHeight => Volatile.Read(ref _bodiesHeight) is var height && height == AllBodies ? null : height;

    /// <summary>
    /// The height of a block that the node's key has signed and the database has lost: until the chain has reached it again, nothing may
    /// be produced. Null when nothing is lost.
    /// </summary>
    public ulong? LostBlocks => Volatile.Read(ref _lostHeight) is var height && height == 0 ? null : height;

    /// <summary>Commits a verified block of another node with its messages.</summary>
    public async Task<CommitOutcome> CommitFollowedAsync(Block block, IReadOnlyList<Message> bodies) =>
        (await CommitRunAsync([new Delivery(block, bodies)], withNonces: BodiesHeight is null)).Outcome;

    /// <summary>
    /// Commits verified blocks of another node, each with its messages or, without, its list alone. Each is one batch; the batches are
    /// handed to the disk one after the other without waiting, so that they share a sync. A block is seen when it is on disk.
    /// <paramref name="withNonces"/>: their nonces were checked, which only is possible where no bodies are missing below.
    /// </summary>
    /// <exception cref="StorageException">
    /// The disk failed; or Refused: the block at the height of the one that was lost is another one. The store has ended.
    /// </exception>
    public async Task<RunCommit> CommitRunAsync(IReadOnlyList<Delivery> run, bool withNonces)
    {
        foreach (var (block, bodies) in run)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(bodies?.Count ?? block.Count, block.Count, nameof(run));
        }

        using var trace = MessageTrace.Begin(
            LedgerTraces.Source,
            "store block",
            run.SelectMany(delivery => Enumerable.Range(0, delivery.Block.Count).Select(delivery.Block.IdAt)));
        await _blocks.WaitAsync();
        try
        {
            var mayKeepNonces = withNonces == BodiesHeight is null || run.All(delivery => delivery.Bodies is null);
            return mayKeepNonces && AreNext(run) ? await WriteRunAsync(run) : RunCommit.Stale;
        }
        finally
        {
            _blocks.Release();
        }
    }

    /// <summary>
    /// Completes the lowest stored blocks that lack messages, with messages that are verified, nonces too. <see cref="CommitOutcome.Stale"/>:
    /// they are not the lowest ones.
    /// </summary>
    public async Task<CommitOutcome> CommitBodiesAsync(IReadOnlyList<Delivery> run)
    {
        await _blocks.WaitAsync();
        try
        {
            if (BodiesHeight is not { } complete || run.Where((delivery, i) => delivery.Block.Height != complete + 1 + (ulong)i).Any())
            {
                return CommitOutcome.Stale;
            }

            var nonces = new NonceRun(_ => null);
            var last = Tip.Height;
            await AllAsync(run.Select(delivery => CommitAsync(
                BlockBatch.Complete(delivery.Block, i => delivery.Bodies![i], nonces, delivery.Block.Height == last))));
            complete += (ulong)run.Count;
            Volatile.Write(ref _bodiesHeight, complete == last ? AllBodies : complete);
            return CommitOutcome.Committed;
        }
        finally
        {
            _blocks.Release();
        }
    }

    /// <summary>
    /// Keeps a message whose body is missing, if it is the one that its block lists. Not synced: one that is lost, or for which
    /// there is no room, is fetched again.
    /// </summary>
    public async ValueTask<bool> KeepBodyAsync(MessageId id, ReadOnlyMemory<byte> encoding)
    {
        if (await GetMessageAsync(id) is not { Height: { } height } stored)
        {
            return false;
        }

        if (stored.HasBody)
        {
            return stored.Message.Encoding.Span.SequenceEqual(encoding.Span);
        }

        if (await GetBlockAsync(height) is not { } block || stored.Index >= block.Count || block.IdAt(stored.Index) != id)
        {
            throw new StorageException(StorageFault.Corrupt, $"block {height} does not list message {id} at {stored.Index}: the database is damaged, restore it from a backup");
        }

        if (!Message.TryDecode(encoding, ChainParameters.ContentLimit, out var body)
            || body.ComputeHash() != block.MessageHashAt(stored.Index) || body.ComputeId() != id)
        {
            return false;
        }

        await (Pause is null ? CommitAsync(BlockBatch.KeepBody(block, stored.Index, body), sync: false) : Task.CompletedTask);
        return true;
    }

    /// <summary>The senders' counters by the blocks up to <paramref name="tip"/>; null where another block is the tip now.</summary>
    public Task<IDictionary<PublicKey, ulong>?> GetChainNoncesAsync(Block tip, IEnumerable<PublicKey> senders) => AtTipAsync<IDictionary<PublicKey, ulong>>(tip, async () =>
    {
        var nonces = new Dictionary<PublicKey, ulong>();
        foreach (var sender in senders)
        {
            if (!nonces.ContainsKey(sender))
            {
                nonces.Add(sender, await GetChainNonceAsync(sender));
            }
        }

        return nonces;
    });

    /// <summary>Which of these are in a block up to <paramref name="tip"/>; null where another block is the tip now.</summary>
    public Task<ISet<MessageId>?> FindListedAsync(Block tip, IEnumerable<MessageId> ids) => AtTipAsync<ISet<MessageId>>(tip, async () =>
    {
        var found = new HashSet<MessageId>();
        foreach (var id in ids)
        {
            if (await _store.GetAsync(Family.Messages, LedgerKeys.Message(id.Value)) is not null)
            {
                found.Add(id);
            }
        }

        return found;
    });

    // Between blocks: what is on disk then belongs to the tip.
    private async Task<T?> AtTipAsync<T>(Block tip, Func<Task<T>> read)
        where T : class
    {
        await _blocks.WaitAsync();
        try
        {
            return Tip.Hash == tip.Hash ? await read() : null;
        }
        finally
        {
            _blocks.Release();
        }
    }

    private bool AreNext(IReadOnlyList<Delivery> run)
    {
        ArgumentOutOfRangeException.ThrowIfZero(run.Count, nameof(run));
        var below = Tip;
        foreach (var (block, _) in run)
        {
            if (block.Height != below.Height + 1 || block.Header.PrevHash != below.Hash)
            {
                return false;
            }

            below = block;
        }

        return true;
    }

    private async Task<RunCommit> WriteRunAsync(IReadOnlyList<Delivery> run)
    {
        await RequireWellAsync();
        RequireFoundAgain(run);

        // What the pool knows of nonces is over now: its next activation reads the store anew.
        await _pool.EndAsync();
        var replaced = new List<MessageId>();
        var taken = new List<PendingMessage>[run.Count];
        var isComplete = BodiesHeight is null;
        var bodiesHeight = Volatile.Read(ref _bodiesHeight);

        // What is pending goes on where the chain ends: not before the blocks that were lost are back.
        var nonces = LostBlocks is null ? new NonceRun(_pending.FirstNonceOf) : new NonceRun(_ => null);
        var written = run.Select((delivery, i) =>
        {
            taken[i] = TakePending(delivery, replaced);
            var isFirst = isComplete && delivery.Bodies is null && delivery.Block.Count > 0;
            bodiesHeight = isFirst ? delivery.Block.Height - 1 : bodiesHeight;
            isComplete &= !isFirst;
            var batch = delivery.Bodies is { } bodies
                ? BlockBatch.Build(delivery.Block, body => bodies[body], isComplete ? nonces : null)
                : BlockBatch.BuildList(delivery.Block, isFirst);
            BlockBatch.DeletePending(batch, taken[i]);
            return CommitAsync(batch);
        });
        await AllAsync(written);
        await RecordFollowedAsync(run[^1].Block);
        Volatile.Write(ref _bodiesHeight, bodiesHeight);
        for (var i = 0; i < run.Count; i++)
        {
            Show(run[i].Block, taken[i]);
        }

        return new RunCommit(CommitOutcome.Committed, replaced);
    }

    // What is pending here may be in another leader's block: it must not come into a second one.
    private List<PendingMessage> TakePending(in Delivery delivery, List<MessageId> replaced)
    {
        var block = delivery.Block;
        var taken = new List<PendingMessage>();
        for (var i = 0; i < block.Count && _pending.Count > 0; i++)
        {
            if (GetPending(block.IdAt(i)) is { } pending)
            {
                taken.Add(pending);
                var isSame = delivery.Bodies is { } bodies
                    ? bodies[i].Content.SequenceEqual(pending.Message.Content)
                    : pending.Hash == block.MessageHashAt(i);
                if (!isSame)
                {
                    replaced.Add(pending.Id);
                }
            }
        }

        return taken;
    }

    // Starts them all, then waits for all; the first failure ends the store, with nothing left under way.
    private async Task AllAsync(IEnumerable<Task> writes)
    {
        var started = new List<Task>();
        try
        {
            started.AddRange(writes);
        }
        catch (Exception exception)
        {
            End(exception);
            await Task.WhenAll(started).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        await Task.WhenAll(started);
    }

    private void RequireFoundAgain(IReadOnlyList<Delivery> run)
    {
        var block = run.Select(delivery => delivery.Block).FirstOrDefault(block => block.Height == LostBlocks);
        if (block is null || _guard!.Last is not { } signed || signed.Hash.Span.SequenceEqual(block.Hash.Value.ToArray()))
        {
            return;
        }

        var failure = new StorageException(
            StorageFault.Refused,
            $"block {block.Height}: this key has signed {Convert.ToHexStringLower(signed.Hash.Span)} there, but what peers hold, signed with it too, is "
            + $"{block.Hash}: two chains exist. Find out which one counts before this key signs again");
        End(failure);
        throw failure;
    }

    // The next start compares the guard with the database: what was fetched back counts as what was signed.
    private async Task RecordFollowedAsync(Block last)
    {
        if (_guard is null || _guard.Last?.Height >= last.Height)
        {
            return;
        }

        try
        {
            await _guard.RecordAsync(new SignedBlock(last.Height, last.Hash.Value.ToArray()));
        }
        catch (Exception exception)
        {
            End(exception);
            throw;
        }
    }
}
