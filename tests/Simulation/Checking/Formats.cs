using System.Buffers.Binary;
using Kimura.Cryptography;

namespace Kimura.Tests.Simulation.Checking;

/// <summary>The checkers' own reading of the protocol's bytes (sections 2 and 3), so that they do not believe the code that they check.</summary>
internal static class Formats
{
    public const int HashSize = 32;
    public const int EntrySize = 2 * HashSize;
    public const int KeySize = 33;

    /// <summary>Bytes of a message encoding before its content.</summary>
    public const int MessageHead = KeySize + 8 + 8 + 64 + 4;

    private const int BlockHead = 1 + 8 + 8 + HashSize + HashSize + KeySize + 64 + 4;

    public static byte[] Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = new byte[HashSize];
        Blake3.Hash(bytes, hash);
        return hash;
    }

    public static byte[] BigEndian(ulong number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        return bytes;
    }

    public static byte[] MessageId(byte[] sender, ulong nonce) => Hash([.. sender, .. BigEndian(nonce)]);

    /// <summary>Sender, nonce and content of a message encoding; null where it is none.</summary>
    public static MessageText? ReadMessage(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < MessageHead || BinaryPrimitives.ReadUInt32BigEndian(bytes[(MessageHead - 4)..]) != bytes.Length - MessageHead)
        {
            return null;
        }

        return new MessageText(
            bytes[..KeySize].ToArray(), BinaryPrimitives.ReadUInt64BigEndian(bytes[KeySize..]), bytes[MessageHead..].ToArray(), Hash(bytes));
    }

    /// <summary>A block encoding; null where it is none.</summary>
    public static BlockText? ReadBlock(byte[] bytes)
    {
        if (bytes.Length < BlockHead || bytes[0] != 1 || (bytes.Length - BlockHead) % EntrySize != 0
            || BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(BlockHead - 4)) != (bytes.Length - BlockHead) / EntrySize)
        {
            return null;
        }

        return ReadHeader(bytes.AsSpan(1, BlockHead - 5)) with
        {
            Entries = [.. Enumerable.Range(0, (bytes.Length - BlockHead) / EntrySize).Select(i => bytes.AsSpan(BlockHead + (i * EntrySize), EntrySize).ToArray())],
        };
    }

    /// <summary>A header without its version byte; no entries.</summary>
    public static BlockText ReadHeader(ReadOnlySpan<byte> bytes)
    {
        const int keyAt = 16 + (2 * HashSize);
        return new BlockText(
            BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), bytes[16..(16 + HashSize)].ToArray(),
            bytes[(16 + HashSize)..keyAt].ToArray(), bytes[keyAt..(keyAt + KeySize)].ToArray(), bytes[(keyAt + KeySize)..].ToArray(),
            Hash(bytes[..keyAt]), []);
    }

    /// <summary>The root over a block's entries: RFC 6962, as its text has it.</summary>
    public static byte[] Root(ReadOnlySpan<byte[]> entries)
    {
        if (entries.Length == 0)
        {
            return Hash([]);
        }

        if (entries.Length == 1)
        {
            return Leaf(entries[0]);
        }

        var split = 1;
        while (split * 2 < entries.Length)
        {
            split *= 2;
        }

        return Node(Root(entries[..split]), Root(entries[split..]));
    }

    public static byte[] Leaf(byte[] entry) => Hash([0, .. entry]);

    public static byte[] Node(byte[] left, byte[] right) => Hash([1, .. left, .. right]);

    /// <summary>The root that a path leads to, from the leaf at an index of so many (RFC 9162, section 2.1.3.2); null where it leads nowhere.</summary>
    public static byte[]? RootOf(byte[] leaf, int index, int count, ReadOnlySpan<byte> path)
    {
        var (node, at, last) = (leaf, index, count - 1);
        for (; !path.IsEmpty; path = path[HashSize..])
        {
            if (last == 0 || path.Length < HashSize)
            {
                return null;
            }

            var other = path[..HashSize].ToArray();
            if ((at & 1) == 1 || at == last)
            {
                node = Node(other, node);
                while ((at & 1) == 0 && at != 0)
                {
                    (at, last) = (at >> 1, last >> 1);
                }
            }
            else
            {
                node = Node(node, other);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 && index < count ? node : null;
    }
}

/// <summary>What a message says.</summary>
internal sealed record MessageText(byte[] Sender, ulong Nonce, byte[] Content, byte[] Hash);

/// <summary>What a block says, and its hash.</summary>
internal sealed record BlockText(
    ulong Height, ulong Timestamp, byte[] Previous, byte[] Root, byte[] Producer, byte[] Signature, byte[] Hash, byte[][] Entries)
{
    /// <summary>The same list, and made by the same key: what the hash does not cover.</summary>
    public bool IsAlike(BlockText other) =>
        Producer.AsSpan().SequenceEqual(other.Producer) && Entries.Length == other.Entries.Length
        && Entries.Zip(other.Entries).All(static pair => pair.First.AsSpan().SequenceEqual(pair.Second));
}
