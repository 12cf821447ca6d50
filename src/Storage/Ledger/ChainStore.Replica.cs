using Kimura.Chain;
using Kimura.Chain.Blocks;

namespace Kimura.Storage.Ledger;

/// <content>
/// What a silo of a cluster needs: its store is a replica of the shared log. What is pending is durable there, and only shown here.
/// </content>
public sealed partial class ChainStore
{
    // Under the lock: what is pending is in the shared log, and this disk has, and gets, none of it.
    private bool _isPendingElsewhere;

    /// <summary>
    /// Stores the block that this silo has committed to the shared log, with its messages, which must all be shown as pending here.
    /// <see cref="CommitOutcome.Stale"/>: it is not the next block here, or a message is not at hand.
    /// </summary>
    public Task<CommitOutcome> AdoptAsync(Block block) => OneByOneAsync(() => CommitProducedAsync(block));

    /// <summary>Shows messages that the shared log has made durable, but for those that are in a block by now.</summary>
    public async Task ShowPendingAsync(IReadOnlyList<PendingMessage> messages)
    {
        await _blocks.WaitAsync();
        try
        {
            _isPendingElsewhere = true;
            await AddUnlistedAsync(_pending, messages);
        }
        finally
        {
            _blocks.Release();
        }
    }

    /// <summary>Shows these messages, and no others, as pending, but for those that are in a block by now. Gives the ones shown, in their order.</summary>
    public async Task<IReadOnlyList<PendingMessage>> ResetPendingAsync(IReadOnlyList<PendingMessage> messages)
    {
        await _blocks.WaitAsync();
        try
        {
            _isPendingElsewhere = true;
            var pending = new PendingIndex();
            var shown = await AddUnlistedAsync(pending, messages);
            _pending = pending;
            return shown;
        }
        finally
        {
            _blocks.Release();
        }
    }

    /// <summary>Ends the store: something is wrong that no program can put right, and nothing more may be written.</summary>
    public void EndWith(StorageException failure) => End(failure);

    // Between blocks: the senders' counters on disk say which messages are in one.
    private async Task<IReadOnlyList<PendingMessage>> AddUnlistedAsync(PendingIndex pending, IReadOnlyList<PendingMessage> messages)
    {
        var counters = new Dictionary<PublicKey, ulong>();
        var shown = new List<PendingMessage>(messages.Count);
        foreach (var message in messages)
        {
            var sender = message.Message.Sender;
            if (!counters.TryGetValue(sender, out var next))
            {
                next = await GetChainNonceAsync(sender);
                counters.Add(sender, next);
            }

            if (message.Message.Nonce >= next && !pending.TryGet(message.Id, out _))
            {
                pending.Add(message);
                shown.Add(message);
            }
        }

        return shown;
    }
}
