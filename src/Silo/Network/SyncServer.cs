using System.Runtime.CompilerServices;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Libp2p;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Network.Wire;
using Kimura.Storage.Ledger;

namespace Kimura.Silo.Network;

/// <summary>Answers <c>/kimura/sync/1.0.0</c>: blocks page by page, or messages by id.</summary>
internal sealed class SyncServer(ChainStore chain, BlocksInHand inHand)
{
    private const int Parallel = 4;
    private const int MaxItems = 2_048;

    // A peer that was told of a block asks for it while this node is still fetching it.
    private static readonly TimeSpan WaitForNext = TimeSpan.FromSeconds(1);

    private readonly Turnstile _reading = new(Parallel);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(
        PeerId peer, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var asked = SyncRequest.Decode(request.Span)
            ?? throw new Libp2pException(Libp2pFailure.ProtocolViolation, $"{peer} asked for blocks with bytes that are no request");
        if (asked.MessageIds.Count == 0 && asked.FromHeight == chain.Tip.Height + 1)
        {
            await inHand.WaitAsync(asked.FromHeight, WaitForNext);
        }

        yield return await ReadAsync(asked, cancellation);
    }

    private async Task<byte[]> ReadAsync(SyncRequest asked, CancellationToken cancellation)
    {
        await _reading.EnterAsync(cancellation);
        try
        {
            return asked.MessageIds.Count > 0 ? await FindMessagesAsync(asked) : await FindBlocksAsync(asked, cancellation);
        }
        finally
        {
            _reading.Leave();
        }
    }

    private async Task<byte[]> FindMessagesAsync(SyncRequest asked)
    {
        var page = new SyncPageWriter();
        var item = new ProtoWriter();
        foreach (var id in asked.MessageIds)
        {
            if (await chain.GetMessageAsync(id) is { Message.Encoding: { IsEmpty: false } body }
                && item.Length + SyncPageWriter.CostOf(body.Length) <= page.Room)
            {
                item.Bytes(2, body.Span);
            }
        }

        page.Add(item);
        return page.Finish(0, 0);
    }

    private async Task<byte[]> FindBlocksAsync(SyncRequest asked, CancellationToken cancellation)
    {
        var page = new SyncPageWriter();
        var (height, index) = (asked.FromHeight, asked.FromIndex);
        for (var items = 0; items < MaxItems && height <= asked.ToHeight; items++)
        {
            cancellation.ThrowIfCancellationRequested();
            var held = inHand.Find(height);
            var block = held?.Block ?? await chain.GetBlockAsync(height);
            if (block is null || index > block.Count)
            {
                break;
            }

            var taken = await AddAsync(page, block, held?.Bodies, index, asked.WithBodies);
            if (taken < 0)
            {
                break;
            }

            index += taken;
            if (index < block.Count)
            {
                break;
            }

            (height, index) = (height + 1, 0);
        }

        return page.Finish(height, index);
    }

    // How many entries went into the page from this index on; -1 where not even the block's beginning did.
    private async Task<int> AddAsync(SyncPageWriter page, Block block, IReadOnlyList<Message>? held, int index, bool withBodies)
    {
        var prefix = index == 0 ? Block.PrefixSize : 0;
        var room = page.Room - prefix - WireFormat.FrameReserve;
        var bodies = new List<ReadOnlyMemory<byte>>();
        var count = 0;
        while (room >= 0 && index + count < block.Count)
        {
            ReadOnlyMemory<byte> body = default;
            if (withBodies)
            {
                body = held is not null ? held[index + count].Encoding : (await chain.GetMessageAsync(block, index + count)).Message.Encoding;
                if (body.IsEmpty)
                {
                    // This node has not fetched it.
                    break;
                }

                bodies.Add(body);
            }

            room -= SyncPageWriter.CostOf(body.Length);
            count += room >= 0 ? 1 : 0;
        }

        if (count == 0 && (room < 0 || block.Count > index))
        {
            return -1;
        }

        var from = index == 0 ? 0 : Block.PrefixSize + (index * MerkleTree.EntrySize);
        var to = Block.PrefixSize + ((index + count) * MerkleTree.EntrySize);
        var item = new ProtoWriter().Bytes(1, block.Encoding.Span[from..to]);
        foreach (var body in bodies.Take(count))
        {
            item.Bytes(2, body.Span);
        }

        page.Add(index == 0 ? item : item.Number(3, (ulong)index));
        return count;
    }
}
