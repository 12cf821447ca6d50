using System.Buffers.Binary;
using System.Text;
using Kimura.Chain;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.RocksDb;

namespace Kimura.Storage.Backup;

/// <summary>Which chain a database holds, and how far.</summary>
/// <param name="Schema">The layout's version.</param>
/// <param name="ChainId">The chain's id, or null.</param>
/// <param name="GenesisHash">The hash of block 0.</param>
/// <param name="Height">The last block's height.</param>
/// <param name="TipHash">The last block's hash.</param>
/// <param name="BodiesHeight">The height up to which messages are complete; null while that is all.</param>
public sealed record ChainFacts(uint Schema, string? ChainId, BlockHash GenesisHash, ulong Height, BlockHash TipHash, ulong? BodiesHeight)
{
    /// <summary>Reads them from a copy of a database that nobody has open, without changing it, with the key that made its last block.</summary>
    /// <exception cref="StorageException">Corrupt: the copy cannot be opened, or lacks them.</exception>
    internal static (ChainFacts Facts, PublicKey? Producer) Read(string directory)
    {
        var database = NativeDatabase.OpenReadOnly(directory);
        try
        {
            var schema = Get(LedgerKeys.Schema, 4);
            var height = BinaryPrimitives.ReadUInt64BigEndian(Get(LedgerKeys.LastHeight, 8));
            var tip = ChainStore.Decode(database.Get(Family.Blocks, LedgerKeys.Block(height)), height);
            var hash = new BlockHash(new Hash32(Get(LedgerKeys.LastHash, Hash32.Size)));
            var bodies = database.Get(Family.Metadata, LedgerKeys.BodiesHeight);
            var chainId = database.Get(Family.Metadata, LedgerKeys.ChainId);
            var facts = new ChainFacts(
                BinaryPrimitives.ReadUInt32BigEndian(schema),
                chainId is null ? null : Encoding.UTF8.GetString(chainId),
                new BlockHash(new Hash32(Get(LedgerKeys.GenesisHash, Hash32.Size))),
                height,
                hash,
                bodies is null ? null : LedgerKeys.ReadNumber(bodies, "the height up to which messages are complete"));
            return tip?.Hash == hash
                ? (facts, height == 0 ? null : tip.Header.Producer)
                : throw new StorageException(StorageFault.Corrupt, $"block {height}, the last one, is not the one that meta:last_hash names: the database is damaged, and was not backed up");
        }
        finally
        {
            database.Close();
        }

        byte[] Get(byte[] key, int size) => database.Get(Family.Metadata, key) is { } value && value.Length == size
            ? value
            : throw new StorageException(StorageFault.Corrupt, $"the database has no {Encoding.ASCII.GetString(key)}: it is damaged, or not a node's, and was not backed up");
    }
}
