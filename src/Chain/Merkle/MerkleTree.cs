using System.Buffers;
using System.Numerics;
using Kimura.Cryptography;

namespace Kimura.Chain.Merkle;

/// <summary>
/// The Merkle tree of RFC 6962 (section 2.1) with BLAKE3: leaf <c>blake3(0x00 ++ message id ++ message hash)</c>, inner node
/// <c>blake3(0x01 ++ left ++ right)</c>. Entries come as a block lists them: 64 bytes each, id ++ message hash.
/// </summary>
public static class MerkleTree
{
    /// <summary>Bytes of one entry.</summary>
    public const int EntrySize = 2 * Hash32.Size;

    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    /// <summary>The root over the entries; of none, <c>blake3("")</c>.</summary>
    /// <exception cref="ArgumentException">Not whole entries.</exception>
    public static Hash32 ComputeRoot(ReadOnlySpan<byte> entries)
    {
        var count = CountOf(entries);
        if (count == 0)
        {
            Span<byte> empty = stackalloc byte[Hash32.Size];
            Blake3.Hash([], empty);
            return new Hash32(empty);
        }

        var rented = ArrayPool<byte>.Shared.Rent(count * Hash32.Size);
        var level = rented.AsSpan(0, count * Hash32.Size);
        HashLeaves(entries, level);
        for (; count > 1; count = ParentCount(count))
        {
            HashParents(level, count);
        }

        var root = new Hash32(level[..Hash32.Size]);
        ArrayPool<byte>.Shared.Return(rented);
        return root;
    }

    /// <summary>The audit path of an entry, from the leaf upwards (RFC 6962, section 2.1.1), 32 bytes a step.</summary>
    /// <exception cref="ArgumentException">Not whole entries, or no entry at <paramref name="index"/>.</exception>
    public static byte[] ComputePath(ReadOnlySpan<byte> entries, int index)
    {
        var count = CountOf(entries);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
        var rented = ArrayPool<byte>.Shared.Rent(count * Hash32.Size);
        var level = rented.AsSpan(0, count * Hash32.Size);
        HashLeaves(entries, level);
        var path = new byte[MaxPathLength(count) * Hash32.Size];
        var used = 0;
        for (; count > 1; count = ParentCount(count), index /= 2)
        {
            var sibling = index ^ 1;
            if (sibling < count)
            {
                level.Slice(sibling * Hash32.Size, Hash32.Size).CopyTo(path.AsSpan(used));
                used += Hash32.Size;
            }

            HashParents(level, count);
        }

        ArrayPool<byte>.Shared.Return(rented);
        return path[..used];
    }

    /// <summary>How many entries the bytes are.</summary>
    /// <exception cref="ArgumentException">Not whole entries.</exception>
    internal static int CountOf(ReadOnlySpan<byte> entries) => entries.Length % EntrySize == 0
        ? entries.Length / EntrySize
        : throw new ArgumentException($"{entries.Length} bytes are not entries of {EntrySize} each", nameof(entries));

    /// <summary>The leaf of an entry.</summary>
    public static Hash32 Leaf(MessageId id, MessageHash hash)
    {
        Span<byte> input = stackalloc byte[1 + EntrySize];
        input[0] = LeafPrefix;
        id.Value.CopyTo(input[1..]);
        hash.Value.CopyTo(input[(1 + Hash32.Size)..]);
        Span<byte> leaf = stackalloc byte[Hash32.Size];
        Blake3.Hash(input, leaf);
        return new Hash32(leaf);
    }

    /// <summary>
    /// The root that a leaf, its place, the tree's size and a path lead to (RFC 9162, section 2.1.3.2), or null where a path of that
    /// length does not belong to that place.
    /// </summary>
    /// <remarks>
    /// A root commits to its leaves and their order, not to their count: with another count, another index may lead to the same root
    /// if its path turns left and right the same way. A proof shows that the leaf is in the block; index and count are shown by the
    /// block's own list.
    /// </remarks>
    public static Hash32? RootFromPath(Hash32 leaf, int index, int count, ReadOnlySpan<byte> path)
    {
        if (index < 0 || index >= count || path.Length % Hash32.Size != 0)
        {
            return null;
        }

        var at = index;
        var last = count - 1;
        var node = leaf;
        for (; !path.IsEmpty; path = path[Hash32.Size..])
        {
            if (last == 0)
            {
                return null;
            }

            var sibling = new Hash32(path[..Hash32.Size]);
            if (at % 2 == 1 || at == last)
            {
                node = Node(sibling, node);
                var skip = BitOperations.TrailingZeroCount(at);
                at >>= skip;
                last >>= skip;
            }
            else
            {
                node = Node(node, sibling);
            }

            at >>= 1;
            last >>= 1;
        }

        return last == 0 ? node : null;
    }

    private static Hash32 Node(Hash32 left, Hash32 right)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Hash32.Size)];
        input[0] = NodePrefix;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + Hash32.Size)..]);
        Span<byte> node = stackalloc byte[Hash32.Size];
        Blake3.Hash(input, node);
        return new Hash32(node);
    }

    private static void HashLeaves(ReadOnlySpan<byte> entries, Span<byte> leaves)
    {
        Span<byte> input = stackalloc byte[1 + EntrySize];
        input[0] = LeafPrefix;
        for (var i = 0; i < leaves.Length / Hash32.Size; i++)
        {
            entries.Slice(i * EntrySize, EntrySize).CopyTo(input[1..]);
            Blake3.Hash(input, leaves.Slice(i * Hash32.Size, Hash32.Size));
        }
    }

    // Pairs are hashed in place; an odd last node moves up unhashed, which is RFC 6962's split at the largest power of two.
    private static void HashParents(Span<byte> level, int count)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Hash32.Size)];
        input[0] = NodePrefix;
        for (var i = 0; i < count / 2; i++)
        {
            level.Slice(2 * i * Hash32.Size, 2 * Hash32.Size).CopyTo(input[1..]);
            Blake3.Hash(input, level.Slice(i * Hash32.Size, Hash32.Size));
        }

        if (count % 2 == 1)
        {
            level.Slice((count - 1) * Hash32.Size, Hash32.Size).CopyTo(level[(count / 2 * Hash32.Size)..]);
        }
    }

    private static int ParentCount(int count) => (count / 2) + (count % 2);

    private static int MaxPathLength(int count) => 32 - BitOperations.LeadingZeroCount((uint)count);
}
