using System.Buffers.Binary;
using System.Text;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Storage.KeyValue;
using Kimura.Storage.SignGuard;

namespace Kimura.Storage.Ledger;

/// <summary>Opens the chain in a key-value store: a new one gets its genesis, an existing one must be of this schema and chain.</summary>
public static class ChainStoreOpening
{
    /// <summary>The version of protocol section 4's layout.</summary>
    public const uint SchemaVersion = 1;

    /// <summary>The version as it is stored: 4 bytes, big-endian.</summary>
    internal static byte[] SchemaRecord
    {
        get
        {
            var version = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(version, SchemaVersion);
            return version;
        }
    }

    /// <summary>
    /// Opens the chain. Looks at the metadata, the last block and the pool, not at the whole chain: that is <see cref="IntegrityCheck"/>.
    /// </summary>
    /// <exception cref="StorageException">Refused or Corrupt, with one line that says what differs and what to do.</exception>
    /// <param name="store">Where the chain is, or will be.</param>
    /// <param name="parameters">The chain that it must be.</param>
    /// <param name="guard">The sign guard of the node's key; null on a node that has none.</param>
    /// <param name="acceptLostBlocks">Sets the guard back to where the database ends.</param>
    /// <param name="canFetch">
    /// Peers are configured, from which lost blocks can be fetched back: a database behind its guard is opened, and
    /// <see cref="ChainStore.LostBlocks"/> says so, instead of refused.
    /// </param>
    public static async Task<ChainStore> OpenAsync(
        IKeyValueStore store, ChainParameters parameters, ISignGuard? guard, bool acceptLostBlocks = false, bool canFetch = false)
    {
        if (await store.GetAsync(Family.Metadata, LedgerKeys.Schema) is { } schema)
        {
            await CheckIdentityAsync(store, parameters, schema);
        }
        else
        {
            await CreateAsync(store, parameters);
        }

        var tip = await ReadTipAsync(store);
        if (guard is not null && acceptLostBlocks)
        {
            await guard.AcceptLossAsync(tip.Height == 0 ? null : new SignedBlock(tip.Height, tip.Hash.Value.ToArray()));
        }
        else if (guard is not null)
        {
            await CheckGuardAsync(store, guard, tip, canFetch);
        }

        var pending = await ReadPendingAsync(store, isBehind: guard?.Last?.Height > tip.Height);
        var equivocations = await CountAsync(store, Family.Metadata, LedgerKeys.EquivocationPrefix);
        return new ChainStore(
            store, parameters, guard, tip, pending, new EquivocationLog(store, equivocations), await ReadBodiesHeightAsync(store, tip));
    }

    /// <summary>The last block that a store's metadata names, if it is there and is that block; null where anything of it is damaged.</summary>
    public static async Task<Block?> PeekTipAsync(IKeyValueStore store)
    {
        try
        {
            return await ReadTipAsync(store);
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            return null;
        }
    }

    private static async Task<ulong?> ReadBodiesHeightAsync(IKeyValueStore store, Block tip)
    {
        if (await store.GetAsync(Family.Metadata, LedgerKeys.BodiesHeight) is not { } value)
        {
            return null;
        }

        var height = LedgerKeys.ReadNumber(value, "the height up to which messages are complete");
        return height < tip.Height
            ? height
            : throw Corrupt($"meta:bodies_height is {height}, but the last height is {tip.Height}: restore the database from a backup");
    }

    private static async Task CreateAsync(IKeyValueStore store, ChainParameters parameters)
    {
        if (await CountAsync(store, Family.Blocks, LedgerKeys.BlockPrefix) != 0)
        {
            throw new StorageException(StorageFault.Corrupt, "the database holds blocks but no schema version: restore it from a backup");
        }

        var genesis = parameters.Genesis;
        var batch = BlockBatch.Build(genesis, _ => throw new InvalidOperationException("genesis has no messages"), next: null);
        batch.Put(Family.Metadata, LedgerKeys.Schema, SchemaRecord);
        batch.Put(Family.Metadata, LedgerKeys.GenesisHash, genesis.Hash.Value.ToArray());
        if (parameters.ChainId is not null)
        {
            batch.Put(Family.Metadata, LedgerKeys.ChainId, Encoding.UTF8.GetBytes(parameters.ChainId));
        }

        await store.CommitAsync(batch, sync: true);
    }

    private static async Task CheckIdentityAsync(IKeyValueStore store, ChainParameters parameters, byte[] schema)
    {
        if (schema.Length != 4 || BinaryPrimitives.ReadUInt32BigEndian(schema) != SchemaVersion)
        {
            throw Refused($"the database has schema version {Convert.ToHexStringLower(schema)}, this node reads {SchemaVersion}: "
                + "use the node version that wrote it");
        }

        var stored = await store.GetAsync(Family.Metadata, LedgerKeys.ChainId);
        var chainId = stored is null ? null : Encoding.UTF8.GetString(stored);
        if (!string.Equals(chainId, parameters.ChainId, StringComparison.Ordinal))
        {
            throw Refused($"the database is of {Describe(chainId)}, the node was started for {Describe(parameters.ChainId)}: "
                + (chainId is null ? "start it without --chain-id" : $"start it with --chain-id {chainId}") + ", or use another --db-path");
        }

        var genesis = await store.GetAsync(Family.Metadata, LedgerKeys.GenesisHash);
        if (genesis is null || !genesis.AsSpan().SequenceEqual(parameters.Genesis.Hash.Value.ToArray()))
        {
            throw Refused($"the database has genesis hash {(genesis is null ? "none" : Convert.ToHexStringLower(genesis))}, "
                + $"this chain has {parameters.Genesis.Hash}: use another --db-path");
        }
    }

    internal static async Task<Block> ReadTipAsync(IKeyValueStore store)
    {
        var height = await store.GetAsync(Family.Metadata, LedgerKeys.LastHeight);
        var hash = await store.GetAsync(Family.Metadata, LedgerKeys.LastHash);
        if (height is not { Length: 8 } || hash is not { Length: Hash32.Size })
        {
            throw Corrupt("meta:last_height or meta:last_hash is missing or damaged");
        }

        var last = BinaryPrimitives.ReadUInt64BigEndian(height);
        var tip = ChainStore.Decode(await store.GetAsync(Family.Blocks, LedgerKeys.Block(last)), last)
            ?? throw Corrupt($"block {last}: the last block is missing");
        return tip.Hash.Value == new Hash32(hash)
            ? tip
            : throw Corrupt($"block {last}: hashes to {tip.Hash}, but meta:last_hash is {Convert.ToHexStringLower(hash)}");
    }

    private static async Task CheckGuardAsync(IKeyValueStore store, ISignGuard guard, Block tip, bool canFetch)
    {
        if (guard.Last is not { } signed)
        {
            return;
        }

        if (signed.Height > tip.Height && canFetch)
        {
            return;
        }

        if (signed.Height > tip.Height)
        {
            throw Refused($"the database ends at height {tip.Height}, but this key has signed block {signed.Height}: blocks are lost "
                + "(an older copy was put back?). Restore the newer database, fetch the blocks back from a peer with --leader-address, "
                + "or give --accept-lost-blocks to sign these heights again");
        }

        var there = ChainStore.Decode(await store.GetAsync(Family.Blocks, LedgerKeys.Block(signed.Height)), signed.Height);
        if (there is null || !signed.Hash.Span.SequenceEqual(there.Hash.Value.ToArray()))
        {
            throw Refused($"block {signed.Height}: the database holds {there?.Hash.ToString() ?? "none"}, but this key has signed "
                + $"{Convert.ToHexStringLower(signed.Hash.Span)} there: this is another chain's database, or blocks are lost. "
                + "Restore the right one, or give --accept-lost-blocks");
        }

        if (signed.Height < tip.Height)
        {
            // The process ended between a block's commit and its record: from now on the block is seen.
            await guard.RecordAsync(new SignedBlock(tip.Height, tip.Hash.Value.ToArray()));
        }
    }

    private static async Task<PendingIndex> ReadPendingAsync(IKeyValueStore store, bool isBehind)
    {
        var messages = new List<PendingMessage>();
        await foreach (var (key, value) in store.IterateAsync(Family.Pending, LedgerKeys.PendingPrefix, default))
        {
            if (key.Length != LedgerKeys.PendingPrefix.Length + Hash32.Size)
            {
                throw Corrupt($"a pending message is stored under the key {Convert.ToHexStringLower(key)}");
            }

            var id = new MessageId(new Hash32(key.AsSpan(LedgerKeys.PendingPrefix.Length)));
            if (value.Length < 8 || !Message.TryDecode(value.AsMemory(8), ChainParameters.ContentLimit, out var message)
                || message.ComputeId() != id)
            {
                throw Corrupt($"pending message {id}: what is stored there is not that message");
            }

            messages.Add(new PendingMessage(id, message.ComputeHash(), message, BinaryPrimitives.ReadUInt64BigEndian(value)));
        }

        var index = new PendingIndex();
        foreach (var message in messages.OrderBy(message => message.Arrival))
        {
            var sender = message.Message.Sender;
            var stored = await store.GetAsync(Family.Metadata, LedgerKeys.Nonce(sender));
            var expected = index.NextNonceOf(sender) ?? (stored is null ? 0 : LedgerKeys.ReadNumber(stored, $"the next nonce of {sender}"));
            // Where blocks were lost, what they held of a sender comes back with them.
            var mayBeAhead = isBehind && index.NextNonceOf(sender) is null && message.Message.Nonce > expected;
            if (message.Message.Nonce != expected && !mayBeAhead)
            {
                throw Corrupt($"pending message {message.Id}: has nonce {message.Message.Nonce} where {expected} must be");
            }

            index.Add(message);
        }

        return index;
    }

    private static async Task<int> CountAsync(IKeyValueStore store, Family family, byte[] prefix)
    {
        var count = 0;
        await foreach (var _ in store.IterateAsync(family, prefix, default))
        {
            count++;
        }

        return count;
    }

    private static string Describe(string? chainId) => chainId is null ? "the chain without an id" : $"chain '{chainId}'";

    private static StorageException Refused(string message) => new(StorageFault.Refused, message);

    private static StorageException Corrupt(string message) => new(StorageFault.Corrupt, message);
}
