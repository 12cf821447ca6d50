using Kimura.Storage.KeyValue;

namespace Kimura.Storage.Ledger;

/// <summary>
/// Takes the newest blocks off a chain that nobody has open, so that what is left is what the database held when its block at a height was
/// the last: without the messages of what is removed, with the senders' nonces as they were, and without what was pending. Each block is
/// one batch: stopped at any moment, the database is a whole chain.
/// </summary>
public sealed class ChainTruncation(IKeyValueStore store)
{
    /// <summary>Told each height that is the last one now.</summary>
    public Action<ulong>? Progress { get; init; }

    /// <summary>
    /// Removes every block above <paramref name="height"/>. Messages that were pending go too where a block does: what their senders' nonces say is of
    /// the longer chain. In any case the next start verifies the whole chain again. On disk when it completes.
    /// </summary>
    /// <exception cref="StorageException">Refused: the chain ends below that height. Corrupt: what is to be removed is damaged.</exception>
    public async Task RunAsync(ulong height, CancellationToken cancellation = default)
    {
        var tip = await ChainStoreOpening.ReadTipAsync(store);
        if (height > tip.Height)
        {
            throw new StorageException(StorageFault.Refused, $"the database ends at height {tip.Height}, below {height}");
        }

        await store.CommitAsync(await ForgetAsync(tip.Height, height), sync: true);
        while (tip.Height > height)
        {
            cancellation.ThrowIfCancellationRequested();
            var below = ChainStore.Decode(await store.GetAsync(Family.Blocks, LedgerKeys.Block(tip.Height - 1)), tip.Height - 1)
                ?? throw Corrupt(tip.Height - 1, "is missing");
            await store.CommitAsync(await BlockBatch.RemoveAsync(store, tip, below), sync: below.Height == height);
            tip = below;
            Progress?.Invoke(tip.Height);
        }
    }

    // What an earlier check covered, and where blocks go the evidence above them and everything pending.
    private async Task<WriteBatch> ForgetAsync(ulong last, ulong height)
    {
        var batch = new WriteBatch();
        batch.Delete(Family.Metadata, LedgerKeys.VerifiedHeight);
        batch.Delete(Family.Metadata, LedgerKeys.VerifiedDigest);
        if (height < last)
        {
            await DeleteAllAsync(batch, Family.Pending, LedgerKeys.PendingPrefix, default);
            await DeleteAllAsync(batch, Family.Metadata, LedgerKeys.EquivocationPrefix, LedgerKeys.Equivocation(height + 1, default));
        }

        return batch;
    }

    private async Task DeleteAllAsync(WriteBatch batch, Family family, byte[] prefix, byte[]? from)
    {
        await foreach (var (key, _) in store.IterateAsync(family, prefix, from))
        {
            batch.Delete(family, key);
        }
    }

    internal static StorageException Corrupt(ulong height, string what) =>
        new(StorageFault.Corrupt, $"block {height} {what}: the database is damaged");
}
