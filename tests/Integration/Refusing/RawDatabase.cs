using System.Buffers.Binary;
using Kimura.Chain.Blocks;
using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kimura.Tests.Integration.Refusing;

/// <summary>A stopped node's database, read and written behind its back (keys: protocol section 4).</summary>
internal static class RawDatabase
{
    private static readonly byte[] BlockPrefix = "block:"u8.ToArray();
    private static readonly byte[] MessagePrefix = "msg:"u8.ToArray();

    public static string DirectoryOf(string data) => Path.Combine(data, "rocksdb");

    public static async Task<List<Block>> ReadBlocksAsync(string data)
    {
        var blocks = new List<Block>();
        await using var store = await OpenAsync(data);
        await foreach (var (_, value) in store.IterateAsync(Family.Blocks, BlockPrefix, default))
        {
            if (Block.TryDecode(value, int.MaxValue, out var block) == BlockShape.WellFormed)
            {
                blocks.Add(block!);
            }
        }

        return blocks;
    }

    /// <summary>Turns one bit of a stored block.</summary>
    public static Task FlipInBlockAsync(string data, ulong height, int offset)
    {
        var key = new byte[BlockPrefix.Length + 8];
        BlockPrefix.CopyTo(key, 0);
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(BlockPrefix.Length), height);
        return ChangeAsync(data, Family.Blocks, key, value => value[offset] ^= 1);
    }

    /// <summary>Turns one bit of a stored message's last byte, which is content.</summary>
    public static Task FlipInMessageAsync(string data, Block block, int index) =>
        ChangeAsync(data, Family.Messages, [.. MessagePrefix, .. block.IdAt(index).Value.ToArray()], value => value[^1] ^= 1);

    public static Task DeleteBlockAsync(string data, ulong height)
    {
        var key = new byte[BlockPrefix.Length + 8];
        BlockPrefix.CopyTo(key, 0);
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(BlockPrefix.Length), height);
        return CommitAsync(data, batch => batch.Delete(Family.Blocks, key));
    }

    private static async Task ChangeAsync(string data, Family family, byte[] key, Action<byte[]> change)
    {
        byte[] value;
        await using (var store = await OpenAsync(data))
        {
            value = await store.GetAsync(family, key) ?? throw new InvalidOperationException($"no {family} {Convert.ToHexStringLower(key)}");
        }

        change(value);
        await CommitAsync(data, batch => batch.Put(family, key, value));
    }

    private static async Task CommitAsync(string data, Action<WriteBatch> write)
    {
        var batch = new WriteBatch();
        write(batch);
        await using var store = await OpenAsync(data);
        await store.CommitAsync(batch, sync: true);
    }

    private static Task<RocksDbStore> OpenAsync(string data) => RocksDbStore.OpenAsync(DirectoryOf(data), NullLogger.Instance);
}
