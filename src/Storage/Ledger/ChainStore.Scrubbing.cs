using System.Text;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger.Mending;

namespace Kimura.Storage.Ledger;

/// <content>Looking through everything that is stored, also what nobody asks for.</content>
public sealed partial class ChainStore
{
    // Records that are held against memory while no block can be written.
    private const int MaxCompared = 1_000;

    /// <summary>
    /// Reads a block again, its messages and what the metadata says of it, and checks all of it: list, producer, signature, link, place by hash,
    /// each message's id, hash and place, its sender's next nonce. Mends nothing.
    /// </summary>
    public async Task<ScrubStep> ScrubAsync(ulong height, ProducerSchedule producers)
    {
        var found = new List<(Damage, StorageException)>();
        var bytes = 0L;
        Block? block = null;
        await FindAsync(found, Damage.OfBlock(height), async () =>
        {
            block = await RereadBlockAsync(height, producers);
            bytes += block.Encoding.Length;
        });
        if (block is null)
        {
            return new ScrubStep(bytes, found);
        }

        await FindAsync(found, Damage.OfBlockHash(height), () => CheckPlaceByHashAsync(block));
        var next = new Dictionary<PublicKey, ulong>();
        for (var i = 0; i < block.Count; i++)
        {
            await FindAsync(found, Damage.OfMessage(block.IdAt(i), height, i), async () =>
            {
                var stored = await ReadMessageAsync(block, i, isFresh: true);
                bytes += StoredMessage.PlaceSize + stored.Message.Encoding.Length;
                if (stored.HasBody)
                {
                    next[stored.Message.Sender] = stored.Message.Nonce + 1;
                }
            });
        }

        foreach (var (sender, least) in height <= (BodiesHeight ?? ulong.MaxValue) ? next : [])
        {
            await FindAsync(found, Damage.OfNonce(sender), () => CheckNonceAsync(sender, least));
        }

        return new ScrubStep(bytes, found);
    }

    /// <summary>
    /// Holds the records that are in memory too, the tip's and the pool's, against the disk, writes anew what differs, and reads the evidence. Says
    /// what was damaged.
    /// </summary>
    public async Task<ScrubStep> ScrubRecordsAsync(ProducerSchedule producers)
    {
        var found = new List<(Damage, StorageException)>();
        var bytes = await CompareAsync(found, TipRecords);
        foreach (var chunk in GetAllPending().Chunk(MaxCompared))
        {
            bytes += await CompareAsync(found, () => PendingRecords(chunk));
        }

        await FindAsync(found, new Damage(DamageKind.Other), () => CheckEvidenceAsync(producers));
        return new ScrubStep(bytes, found);
    }

    /// <summary>Writes a sender's next nonce as the chain has it, synced. Not to be called while a block is committed.</summary>
    public async Task RestoreNonceAsync(PublicKey sender)
    {
        await _blocks.WaitAsync();
        try
        {
            var batch = new WriteBatch();
            var next = await CountNonceAsync(sender);
            batch.Put(Family.Metadata, LedgerKeys.Nonce(sender), LedgerKeys.BigEndian(next));
            await CommitAsync(batch);
        }
        finally
        {
            _blocks.Release();
        }
    }

    private static async Task FindAsync(List<(Damage, StorageException)> found, Damage damage, Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (StorageException exception) when (exception.Fault == StorageFault.Corrupt)
        {
            found.Add((exception.Damage ?? damage, exception));
        }
    }

    private async Task<Block> RereadBlockAsync(ulong height, ProducerSchedule producers)
    {
        var block = Decode(await _store.RereadAsync(Family.Blocks, LedgerKeys.Block(height)), height) ?? throw DamagedBlock(height, "is missing");
        if (height == 0)
        {
            return IsGenesis(block) ? block : throw DamagedBlock(0, "is not this chain's genesis");
        }

        var verdict = BlockVerifier.CheckSelf(block, producers);
        if (verdict != Verdict.Ok)
        {
            throw DamagedBlock(height, $"does not prove itself ({verdict.ToProtocolName()})");
        }

        // The block below may be the damaged one: then it is found by itself.
        return await PeekAsync(height - 1, producers) is not { } below || below.Hash == block.Header.PrevHash
            ? block
            : throw DamagedBlock(height, $"links to {block.Header.PrevHash}, block {height - 1} hashes to {below.Hash}");
    }

    private async Task CheckPlaceByHashAsync(Block block)
    {
        var place = await _store.RereadAsync(Family.Metadata, LedgerKeys.HeightOf(block.Hash));
        if (place is null || LedgerKeys.ReadNumber(place, $"the height of block {block.Hash}") != block.Height)
        {
            throw new StorageException(StorageFault.Corrupt, $"block {block.Height}: its place by hash is missing or another");
        }
    }

    // Between the two reads the sender may send on: so nothing is said of how far the counter may be ahead, but that the chain reaches it. A block
    // that is just being written moves the counter before it is the tip: what looks wrong then is looked at again between blocks.
    private async Task CheckNonceAsync(PublicKey sender, ulong least)
    {
        if (await FindWrongNonceAsync(sender, least) is null)
        {
            return;
        }

        await _blocks.WaitAsync();
        try
        {
            if (await FindWrongNonceAsync(sender, least) is { } wrong)
            {
                throw new StorageException(StorageFault.Corrupt, $"the next nonce of {sender} is stored as {wrong}, which is not where the chain leads");
            }
        }
        finally
        {
            _blocks.Release();
        }
    }

    // The stored counter where it is wrong.
    private async Task<ulong?> FindWrongNonceAsync(PublicKey sender, ulong least)
    {
        var value = await _store.RereadAsync(Family.Metadata, LedgerKeys.Nonce(sender));
        var next = value is null ? 0 : LedgerKeys.ReadNumber(value, $"the next nonce of {sender}");
        return next < least || !await IsStoredAsync(sender, next - 1) ? next : null;
    }

    private IEnumerable<Record> TipRecords()
    {
        const string own = "the database's own record";
        var tip = Tip;
        yield return new Record(Family.Metadata, LedgerKeys.LastHeight, LedgerKeys.BigEndian(tip.Height), own);
        yield return new Record(Family.Metadata, LedgerKeys.LastHash, tip.Hash.Value.ToArray(), own);
        yield return new Record(Family.Metadata, LedgerKeys.GenesisHash, Parameters.Genesis.Hash.Value.ToArray(), own);
        yield return new Record(Family.Metadata, LedgerKeys.Schema, ChainStoreOpening.SchemaRecord, own);
        if (Parameters.ChainId is { } chainId)
        {
            yield return new Record(Family.Metadata, LedgerKeys.ChainId, Encoding.UTF8.GetBytes(chainId), own);
        }

        if (BodiesHeight is { } bodies)
        {
            yield return new Record(Family.Metadata, LedgerKeys.BodiesHeight, LedgerKeys.BigEndian(bodies), own);
        }
    }

    // Those of them that are pending still, and on this disk: a block may have taken the others.
    private IEnumerable<Record> PendingRecords(IEnumerable<PendingMessage> messages) => messages
        .Where(message => !_isPendingElsewhere && _pending.TryGet(message.Id, out _))
        .Select(message => new Record(
            Family.Pending,
            LedgerKeys.Pending(message.Id.Value),
            [.. LedgerKeys.BigEndian(message.Arrival), .. message.Message.Encoding.Span],
            $"pending message {message.Id}"));

    // Not while a block is written, which would change them; so not many at a time.
    private async Task<long> CompareAsync(List<(Damage, StorageException)> found, Func<IEnumerable<Record>> records)
    {
        var bytes = 0L;
        var batch = new WriteBatch();
        await _blocks.WaitAsync();
        try
        {
            foreach (var record in records())
            {
                var before = found.Count;
                await FindAsync(found, new Damage(DamageKind.Other), () => CompareAsync(record));
                bytes += record.Key.Length + record.Value.Length;
                if (found.Count > before)
                {
                    batch.Put(record.Family, record.Key, record.Value);
                }
            }

            if (batch.Count > 0)
            {
                await CommitAsync(batch);
            }
        }
        finally
        {
            _blocks.Release();
        }

        return bytes;
    }

    private async Task CompareAsync(Record record)
    {
        var stored = await _store.RereadAsync(record.Family, record.Key);
        if (!record.Value.AsSpan().SequenceEqual(stored))
        {
            throw new StorageException(StorageFault.Corrupt, $"{record.What} (key {Convert.ToHexStringLower(record.Key)}) is not what it must be");
        }
    }

    private async Task CheckEvidenceAsync(ProducerSchedule producers)
    {
        await foreach (var (key, value) in _store.IterateAsync(Family.Metadata, LedgerKeys.EquivocationPrefix, default))
        {
            if (value.Length != BlockHeader.Size || BlockHeader.Read(value) is var header && (
                BlockVerifier.CheckHeader(header, header.ComputeHash(), producers) != Verdict.Ok
                || !LedgerKeys.Equivocation(header.Height, header.ComputeHash()).AsSpan().SequenceEqual(key)))
            {
                throw new StorageException(StorageFault.Corrupt, $"the evidence under the key {Convert.ToHexStringLower(key)} is damaged: nobody else has it");
            }
        }
    }

    // What must stand under a key.
    private readonly record struct Record(Family Family, byte[] Key, byte[] Value, string What);
}
