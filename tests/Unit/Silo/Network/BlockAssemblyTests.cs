using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Merkle;
using Kimura.Chain.Messages;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Network;
using Kimura.Silo.Network.Wire;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Network;

/// <summary>Pages from a real chain, joined again; and pages that are not what was asked for.</summary>
public sealed class BlockAssemblyTests : IAsyncLifetime
{
    private const int MaxItems = 4_096;
    private const int ContentSize = 60_000;

    private LedgerFixture _ledger = null!;
    private SyncServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _ledger = await LedgerFixture.CreateAsync();
        _server = new SyncServer(_ledger.Chain, new BlocksInHand(_ledger.Chain, TimeProvider.System));
    }

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Block_larger_than_a_frame_comes_in_pages_and_is_whole_again(bool withBodies)
    {
        await _ledger.ProduceAsync("alice", "bob");
        var large = await ProduceLargeAsync(150);
        await _ledger.ProduceAsync();
        await _ledger.ProduceAsync("carol");

        var (assembly, pages) = await FetchAsync(1, 4, withBodies);

        Assert.True(withBodies ? pages > 2 : pages == 1);
        Assert.Equal(4, assembly.Blocks.Length);
        Assert.Equal(large.Encoding.ToArray(), assembly.Blocks[1].Encoding.ToArray());
        Assert.Equal(withBodies ? 150 * Message.EncodedSize(ContentSize) : 0, assembly.Blocks[1].Messages.Length);
        for (ulong height = 1; height <= 4; height++)
        {
            var block = await _ledger.Chain.GetBlockAsync(height);
            Assert.Equal(block!.Encoding.ToArray(), assembly.Blocks[(int)height - 1].Encoding.ToArray());
        }
    }

    [Fact]
    public async Task Page_ends_where_the_chain_ends()
    {
        await _ledger.ProduceAsync("alice");
        var (assembly, pages) = await FetchAsync(1, 1, withBodies: true);
        Assert.Equal((1, true), (pages, assembly.IsComplete));
        var page = SyncPage.Decode((await AnswerAsync(SyncRequest.Blocks(1, 0, 900, true))).Span, MaxItems)!;
        Assert.Single(page.Items);
        Assert.Equal((2ul, 0), (page.NextHeight, page.NextIndex));
    }

    [Fact]
    public async Task Messages_are_found_by_id_and_unknown_ones_left_out()
    {
        var block = await _ledger.ProduceAsync("alice", "bob");
        var answer = await AnswerAsync(SyncRequest.Messages([block.IdAt(1), new MessageId(block.Hash.Value), block.IdAt(0)]));
        var item = Assert.Single(SyncPage.Decode(answer.Span, 1)!.Items);
        Assert.Equal(2, item.MessageCount);
        Assert.True(Message.TryReadFirst(item.Messages, ChainParameters.ContentLimit, out var first));
        Assert.Equal(block.IdAt(1), first.ComputeId());
    }

    [Fact]
    public async Task Requests_out_of_range_get_an_empty_page()
    {
        await _ledger.ProduceAsync("alice");
        foreach (var request in new[]
        {
            SyncRequest.Blocks(900, 0, 901, true), SyncRequest.Blocks(1, 2, 1, true), SyncRequest.Blocks(ulong.MaxValue, 0, ulong.MaxValue, true),
            SyncRequest.Blocks(1, 0, 0, true), SyncRequest.Blocks(1, int.MaxValue, 1, false),
        })
        {
            var page = SyncPage.Decode((await AnswerAsync(request)).Span, MaxItems)!;
            Assert.Empty(page.Items);
            Assert.Equal((request.FromHeight, request.FromIndex), (page.NextHeight, page.NextIndex));
        }
    }

    [Fact]
    public async Task Pages_that_were_not_asked_for_are_refused()
    {
        await _ledger.ProduceAsync("alice", "bob");
        await _ledger.ProduceAsync("carol");
        var page = SyncPage.Decode((await AnswerAsync(SyncRequest.Blocks(1, 0, 2, true))).Span, MaxItems)!;
        var (first, second) = (page.Items[0], page.Items[1]);
        var wrong = new Dictionary<string, SyncPage>(StringComparer.Ordinal)
        {
            ["another height"] = page with { Items = [second] },
            ["one block twice"] = page with { Items = [first, first] },
            ["more than asked for"] = page with { Items = [first, second, second] },
            ["another next height"] = page with { NextHeight = 2 },
            ["another next index"] = page with { NextIndex = 1 },
            ["too few messages"] = page with { Items = [first with { MessageCount = 1 }, second] },
            ["no whole entry"] = page with { Items = [first with { Block = first.Block[..^1] }, second] },
            ["no whole prefix"] = page with { Items = [first with { Block = first.Block[..50] }, second] },
            ["nothing of a block"] = page with { Items = [first with { Block = first.Block[..Block.PrefixSize], Messages = default, MessageCount = 0 }], NextHeight = 1 },
            ["an entry too many"] = page with { Items = [first with { Block = (byte[])[.. first.Block.Span, .. new byte[MerkleTree.EntrySize]], MessageCount = 3 }, second] },
            ["a part in the middle"] = page with { Items = [first with { FirstIndex = 1 }, second] },
        };
        foreach (var (name, bad) in wrong)
        {
            Assert.False(new BlockAssembly(_ledger.Parameters, 1, 2, withBodies: true).TryAdd(bad), name);
        }

        Assert.False(new BlockAssembly(_ledger.Parameters, 1, 2, withBodies: false).TryAdd(page), "messages that were not asked for");
        Assert.True(new BlockAssembly(_ledger.Parameters, 1, 2, withBodies: true).TryAdd(page));
    }

    [Fact]
    public async Task Claimed_counts_and_sizes_beyond_the_chains_limits_are_refused()
    {
        var block = await _ledger.ProduceAsync("alice");
        var claimed = block.Encoding.ToArray();
        claimed[Block.PrefixSize - 4] = 0xFF;
        var page = new SyncPage([new SyncItem(claimed, new byte[200], 1, 0)], 1, 1);
        Assert.False(new BlockAssembly(_ledger.Parameters, 1, 1, withBodies: true).TryAdd(page));

        await ProduceLargeAsync(2);
        var small = new ChainParameters("kimura-test", maxMessageBytes: 2 * ContentSize);
        var whole = SyncPage.Decode((await AnswerAsync(SyncRequest.Blocks(2, 0, 2, true))).Span, MaxItems)!;
        Assert.False(new BlockAssembly(small, 2, 2, withBodies: true).TryAdd(whole));
        Assert.True(new BlockAssembly(_ledger.Parameters, 2, 2, withBodies: true).TryAdd(whole));
    }

    private async Task<Block> ProduceLargeAsync(int count)
    {
        var content = new string('k', ContentSize);
        var messages = Enumerable.Range(0, count).Select(_ => _ledger.Number(_ledger.Sign("alice", content))).ToArray();
        await _ledger.Chain.StorePendingAsync(1, messages);
        var block = _ledger.Next(messages);
        await _ledger.Chain.CommitProducedAsync(1, block);
        return block;
    }

    private async Task<(BlockAssembly Assembly, int Pages)> FetchAsync(ulong first, ulong last, bool withBodies)
    {
        var assembly = new BlockAssembly(_ledger.Parameters, first, last, withBodies);
        var pages = 0;
        for (; !assembly.IsComplete; pages++)
        {
            var answer = await AnswerAsync(SyncRequest.Blocks(assembly.NextHeight, assembly.NextIndex, last, withBodies));
            Assert.True(answer.Length <= WireFormat.MaxFrame);
            Assert.True(assembly.TryAdd(SyncPage.Decode(answer.Span, MaxItems)!));
        }

        return (assembly, pages);
    }

    private async Task<ReadOnlyMemory<byte>> AnswerAsync(SyncRequest request)
    {
        using var peer = Identity.FromEd25519Seed(new byte[32]);
        await foreach (var answer in _server.AnswerAsync(peer.Id, request.Encode(), TestContext.Current.CancellationToken))
        {
            return answer;
        }

        throw new InvalidOperationException("no answer");
    }
}
