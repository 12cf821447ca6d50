using System.Buffers.Binary;
using Kimura.Chain;

namespace Kimura.Storage.Ledger;

/// <summary>The keys of protocol section 4.</summary>
internal static class LedgerKeys
{
    public static readonly byte[] BlockPrefix = "block:"u8.ToArray();
    public static readonly byte[] PendingPrefix = "pending:"u8.ToArray();
    public static readonly byte[] EquivocationPrefix = "equivocation:"u8.ToArray();
    public static readonly byte[] LastHeight = "meta:last_height"u8.ToArray();
    public static readonly byte[] LastHash = "meta:last_hash"u8.ToArray();
    public static readonly byte[] GenesisHash = "meta:genesis_hash"u8.ToArray();
    public static readonly byte[] Schema = "meta:schema"u8.ToArray();
    public static readonly byte[] ChainId = "meta:chain_id"u8.ToArray();
    public static readonly byte[] VerifiedHeight = "meta:verified_height"u8.ToArray();
    public static readonly byte[] BodiesHeight = "meta:bodies_height"u8.ToArray();
    public static readonly byte[] VerifiedDigest = "meta:verified_digest"u8.ToArray();

    public static byte[] Block(ulong height) => [.. BlockPrefix, .. BigEndian(height)];

    public static byte[] Message(Hash32 id) => WithHash("msg:"u8, id);

    public static byte[] Pending(Hash32 id) => WithHash(PendingPrefix, id);

    public static byte[] HeightOf(BlockHash hash) => WithHash("hash:"u8, hash.Value);

    public static byte[] Nonce(PublicKey sender)
    {
        var key = new byte[6 + PublicKey.Size];
        "nonce:"u8.CopyTo(key);
        sender.CopyTo(key.AsSpan(6));
        return key;
    }

    public static byte[] Equivocation(ulong height, BlockHash hash) => [.. EquivocationPrefix, .. BigEndian(height), .. hash.Value.ToArray()];

    public static byte[] BigEndian(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }

    /// <exception cref="StorageException">The value is not 8 bytes; names what it should be.</exception>
    public static ulong ReadNumber(byte[] value, string what) => value.Length == 8
        ? BinaryPrimitives.ReadUInt64BigEndian(value)
        : throw new StorageException(StorageFault.Corrupt, $"{what} is stored in {value.Length} bytes, not 8: the database is damaged, restore it from a backup");

    private static byte[] WithHash(ReadOnlySpan<byte> prefix, Hash32 hash)
    {
        var key = new byte[prefix.Length + Hash32.Size];
        prefix.CopyTo(key);
        hash.CopyTo(key.AsSpan(prefix.Length));
        return key;
    }
}
