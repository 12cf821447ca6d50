using System.Buffers.Binary;
using System.Collections.Immutable;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Interfaces;
using Kimura.Silo.Network.Wire;

namespace Kimura.Silo.Network;

/// <summary>Puts the items of pages together into whole blocks, and sees to it that they are what was asked for and within the chain's limits.</summary>
internal sealed class BlockAssembly(ChainParameters parameters, ulong first, ulong last, bool withBodies)
{
    private const int CountAt = Block.PrefixSize - 4;

    private readonly ImmutableArray<IncomingBlock>.Builder _blocks = ImmutableArray.CreateBuilder<IncomingBlock>();
    private MemoryStream? _encoding;
    private MemoryStream? _messages;
    private int _count;

    /// <summary>The whole blocks so far.</summary>
    public ImmutableArray<IncomingBlock> Blocks => _blocks.ToImmutable();

    /// <summary>Bytes of the whole blocks.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of the block that is not whole yet.</summary>
    public long PartBytes => (_encoding?.Length ?? 0) + (_messages?.Length ?? 0);

    /// <summary>Where the next page must begin.</summary>
    public ulong NextHeight => first + (ulong)_blocks.Count;

    /// <summary>The first entry that the next page must hold.</summary>
    public int NextIndex { get; private set; }

    public bool IsComplete => NextHeight > last;

    /// <summary>False where the page is not what was asked for: whoever sent it breaks the protocol.</summary>
    public bool TryAdd(SyncPage page)
    {
        foreach (var item in page.Items)
        {
            if (IsComplete || item.FirstIndex != NextIndex || !TryAdd(item))
            {
                return false;
            }
        }

        return page.NextHeight == NextHeight && page.NextIndex == NextIndex;
    }

    private bool TryAdd(SyncItem item)
    {
        var entries = item.Block.Length;
        if (NextIndex == 0)
        {
            entries -= Block.PrefixSize;
            if (entries < 0 || !TryBegin(item.Block.Span))
            {
                return false;
            }
        }

        var count = entries / MerkleTree.EntrySize;
        if (entries % MerkleTree.EntrySize != 0 || count > _count - NextIndex || item.MessageCount != (withBodies ? count : 0)
            || (count == 0 && _count > 0))
        {
            return false;
        }

        _encoding!.Write(item.Block.Span);
        _messages!.Write(item.Messages.Span);
        NextIndex += count;
        if (_messages.Length > parameters.MaxMessageBytes)
        {
            return false;
        }

        if (NextIndex == _count)
        {
            Finish();
        }

        return true;
    }

    private bool TryBegin(ReadOnlySpan<byte> encoding)
    {
        var count = BinaryPrimitives.ReadUInt32BigEndian(encoding[CountAt..]);
        if (encoding[0] != Block.Version || BinaryPrimitives.ReadUInt64BigEndian(encoding[1..]) != NextHeight || count > (uint)parameters.MaxMessages)
        {
            return false;
        }

        _count = (int)count;
        (_encoding, _messages) = (new MemoryStream(), new MemoryStream());
        return true;
    }

    private void Finish()
    {
        var block = new IncomingBlock(_encoding!.ToArray(), _messages!.ToArray());
        _blocks.Add(block);
        Bytes += block.Encoding.Length + block.Messages.Length;
        (_encoding, _messages, NextIndex) = (null, null, 0);
    }
}
