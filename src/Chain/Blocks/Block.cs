using System.Buffers.Binary;
using Kimura.Chain.Merkle;

namespace Kimura.Chain.Blocks;

/// <summary>
/// A block as its canonical encoding (protocol section 3): version byte, header 177, message count 4, then for each message its id
/// and its message hash (64 bytes). Well-formed; whether it is true says <see cref="Verification.BlockVerifier"/>.
/// </summary>
public sealed class Block
{
    /// <summary>The version byte of a whole block.</summary>
    public const byte Version = 1;

    /// <summary>Bytes before the list.</summary>
    public const int PrefixSize = ListAt;

    private const int CountAt = 1 + BlockHeader.Size;
    private const int ListAt = CountAt + 4;

    private Block(ReadOnlyMemory<byte> encoding, in BlockHeader header)
    {
        Encoding = encoding;
        Header = header;
        Hash = header.ComputeHash();
    }

    /// <summary>The canonical bytes.</summary>
    public ReadOnlyMemory<byte> Encoding { get; }

    /// <summary>The header.</summary>
    public BlockHeader Header { get; }

    /// <summary>The hash of the header.</summary>
    public BlockHash Hash { get; }

    /// <summary>The height.</summary>
    public ulong Height => Header.Height;

    /// <summary>How many messages the block lists.</summary>
    public int Count => (Encoding.Length - ListAt) / MerkleTree.EntrySize;

    /// <summary>The list: 64 bytes a message, id ++ message hash.</summary>
    public ReadOnlySpan<byte> Entries => Encoding.Span[ListAt..];

    /// <summary>The id of the message at a place.</summary>
    public MessageId IdAt(int index) => new(new Hash32(Entries.Slice(index * MerkleTree.EntrySize, Hash32.Size)));

    /// <summary>The message hash at a place.</summary>
    public MessageHash MessageHashAt(int index) => new(new Hash32(Entries.Slice((index * MerkleTree.EntrySize) + Hash32.Size, Hash32.Size)));

    /// <summary>Reads an encoding with nothing behind it; <paramref name="maxMessages"/> bounds the list.</summary>
    public static BlockShape TryDecode(ReadOnlyMemory<byte> bytes, int maxMessages, out Block? block)
    {
        block = null;
        var span = bytes.Span;
        if (span.Length < ListAt || span[0] != Version)
        {
            return BlockShape.Malformed;
        }

        var count = BinaryPrimitives.ReadUInt32BigEndian(span[CountAt..]);
        if (span.Length != ListAt + ((long)count * MerkleTree.EntrySize))
        {
            return BlockShape.Malformed;
        }

        if (count > (uint)maxMessages)
        {
            return BlockShape.TooLarge;
        }

        block = new Block(bytes, BlockHeader.Read(span[1..CountAt]));
        return BlockShape.WellFormed;
    }

    /// <summary>The encoding of a header and a list (64 bytes a message).</summary>
    /// <exception cref="ArgumentException">Not whole entries.</exception>
    public static Block Create(in BlockHeader header, ReadOnlySpan<byte> entries)
    {
        var count = MerkleTree.CountOf(entries);
        var encoding = new byte[ListAt + entries.Length];
        encoding[0] = Version;
        header.WriteTo(encoding.AsSpan(1));
        BinaryPrimitives.WriteUInt32BigEndian(encoding.AsSpan(CountAt), (uint)count);
        entries.CopyTo(encoding.AsSpan(ListAt));
        return new Block(encoding, header);
    }

    /// <summary>Block 0: all zero but for the root, which is <c>blake3(chain_id)</c>, or the empty tree's, <c>blake3("")</c>.</summary>
    internal static Block CreateGenesis(Hash32 root) => Create(new BlockHeader(0, 0, default, root, default, default), []);
}

/// <summary>What the bytes of a block look like.</summary>
public enum BlockShape
{
    /// <summary>Not looked at.</summary>
    Unspecified = 0,

    /// <summary>A block, true or not.</summary>
    WellFormed,

    /// <summary>Not the encoding of a block.</summary>
    Malformed,

    /// <summary>Lists more messages than a block may.</summary>
    TooLarge,
}
