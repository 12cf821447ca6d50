using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Unit.Storage.Ledger;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Grains;

/// <summary>A leader's chain fed to another node's store through its chain grain: the true one, and every kind of wrong one.</summary>
public sealed class ChainGrainTests
{
    private const ulong Start = LedgerFixture.Start;
    private const int MaxMessages = 3;

    [Fact]
    public async Task A_leaders_chain_is_taken_over_byte_for_byte()
    {
        await using var leader = await GrainFixture.CreateAsync();
        await using var peer = await GrainFixture.CreateAsync(new NodeShape { Silos = [false] });
        await leader.Leader.KeepAliveAsync();
        foreach (var senders in (string[][])[["alice"], [], ["bob", "alice", "bob"]])
        {
            foreach (var sender in senders)
            {
                await leader.AcceptAsync(sender);
            }

            await leader.TickAsync();
        }

        peer.Time.Advance(TimeSpan.FromSeconds(10));
        for (var height = 1ul; height <= 3; height++)
        {
            var block = (await leader.Reader.GetBlockAsync(height, withMessages: true))!;
            Assert.Equal(new RunVerdict(1, new BlockVerdict("ok")), await AcceptAsync(peer, block.Encoding, block.Messages));
            Assert.Equal(new RunVerdict(1, new BlockVerdict("ok")), await AcceptAsync(peer, block.Encoding, block.Messages));
            Assert.Equal(new RunVerdict(1, new BlockVerdict("ok")), await AcceptAsync(peer, block.Encoding, default));
            Assert.Equal(new BlockVerdict("duplicate"), await peer.Follower.CheckAsync(block.Encoding));
        }

        foreach (var family in (Family[])[Family.Blocks, Family.Messages, Family.Metadata])
        {
            Assert.Equal(await leader.Ledger.DumpAsync(family), await peer.Ledger.DumpAsync(family));
        }
    }

    [Fact]
    public async Task A_true_next_block_is_ok()
    {
        await using var peer = await PeerAsync();
        var messages = NextMessages(peer);
        var block = peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + 2_000, messages);

        Assert.Equal(new BlockVerdict("ok"), await FeedAsync(peer, block, messages));
        Assert.Equal(block.Hash, peer.Ledger.Chain.Tip.Hash);
    }

    [Fact]
    public async Task Bytes_that_are_no_block_are_malformed()
    {
        await using var peer = await PeerAsync();
        var block = peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + 2_000);
        byte[][] wrong = [[], [1], block.Encoding.ToArray()[..^1], [.. block.Encoding.ToArray(), 0], [2, .. block.Encoding.ToArray()[1..]]];

        foreach (var bytes in wrong)
        {
            Assert.Equal(new BlockVerdict("malformed"), await FeedAsync(peer, bytes, default));
        }
    }

    [Fact]
    public async Task More_messages_than_a_block_may_list_are_too_large()
    {
        await using var peer = await PeerAsync();
        var messages = Enumerable.Range(0, MaxMessages + 1).Select(_ => peer.Ledger.Sign("bob")).ToArray();

        Assert.Equal(new BlockVerdict("too_large"), await FeedAsync(peer, peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + 2_000, messages), messages));
    }

    [Fact]
    public async Task More_bytes_of_messages_than_a_block_may_have_are_too_large()
    {
        await using var peer = await PeerAsync();
        Message[] messages = [peer.Ledger.Sign("bob", new string('a', 40_000)), peer.Ledger.Sign("bob", new string('b', 40_000))];

        Assert.Equal(new BlockVerdict("too_large"), await FeedAsync(peer, peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + 2_000, messages), messages));
    }

    [Fact]
    public async Task A_list_that_does_not_lead_to_the_root_is_a_bad_root_wherever_the_block_stands()
    {
        await using var peer = await PeerAsync();
        var messages = NextMessages(peer);
        foreach (var tip in (Block[])[peer.Ledger.Chain.Tip, peer.Ledger.Parameters.Genesis])
        {
            var bytes = peer.Ledger.BlockOn(tip, Start + 2_000, messages).Encoding.ToArray();
            bytes[^1] ^= 1;

            Assert.Equal(new BlockVerdict("bad_root"), await FeedAsync(peer, bytes, GrainFixture.Encode(messages)));
        }
    }

    [Fact]
    public async Task A_block_of_another_producer_is_refused_wherever_it_stands()
    {
        await using var peer = await PeerAsync();
        foreach (var header in (BlockHeader[])[On(peer.Ledger.Chain.Tip), On(peer.Ledger.Parameters.Genesis), On(peer.Ledger.Chain.Tip) with { Height = 99 }])
        {
            Assert.Equal(new BlockVerdict("bad_producer"), await FeedAsync(peer, LedgerFixture.Forge(header, "bob")));
        }
    }

    [Fact]
    public async Task A_forged_signature_is_refused_wherever_the_block_stands()
    {
        await using var peer = await PeerAsync();
        foreach (var header in (BlockHeader[])[On(peer.Ledger.Chain.Tip), On(peer.Ledger.Parameters.Genesis), On(peer.Ledger.Chain.Tip) with { Height = 99 }])
        {
            var bytes = LedgerFixture.Forge(header, "leader").Encoding.ToArray();
            bytes[Block.PrefixSize - 5] ^= 1;

            Assert.Equal(new BlockVerdict("bad_signature"), await FeedAsync(peer, bytes, default));
        }
    }

    [Fact]
    public async Task A_second_block_at_a_height_is_kept_as_evidence_once_and_never_adopted()
    {
        await using var peer = await PeerAsync();
        var first = peer.Ledger.Chain.Tip;
        var second = peer.Ledger.BlockOn(peer.Ledger.Parameters.Genesis, Start + 1);

        Assert.Equal(new BlockVerdict("equivocation"), await FeedAsync(peer, second));
        Assert.Equal(new BlockVerdict("equivocation"), await FeedAsync(peer, second));

        Assert.Equal(1, (await peer.Reader.GetStatusAsync()).Equivocations);
        Assert.Equal(first.Hash, (await peer.Ledger.Chain.GetBlockAsync(1))!.Hash);
        Assert.Equal(
            (LogLevel.Warning, $"Equivocation: the leader signed {second.Hash} at height 1, where {first.Hash} is stored"),
            Assert.Single(peer.Log.Lines, line => line.Level == LogLevel.Warning));
        Assert.NotNull(await peer.Ledger.Store.GetAsync(
            Family.Metadata, (byte[])[.. Bytes.Ascii("equivocation:"), .. Bytes.U64(1), .. second.Hash.Value.ToArray()]));
    }

    [Theory]
    [InlineData("gap", 3, true, 2_000)]
    [InlineData("gap", ulong.MaxValue, true, 2_000)]
    [InlineData("bad_prev_hash", 2, false, 2_000)]
    [InlineData("bad_timestamp", 2, true, 0)]
    [InlineData("bad_timestamp", 2, true, -1)]
    [InlineData("future", 2, true, 10_001)]
    [InlineData("ok", 2, true, 10_000)]
    [InlineData("ok", 2, true, 1)]
    public async Task A_block_must_stand_right_after_the_tip(string verdict, ulong height, bool isLinked, long milliseconds)
    {
        await using var peer = await PeerAsync();
        var tip = peer.Ledger.Chain.Tip;
        var header = On(tip) with
        {
            Height = height,
            PrevHash = isLinked ? tip.Hash : peer.Ledger.Parameters.Genesis.Hash,
            Timestamp = (ulong)((long)Start + milliseconds),
        };

        Assert.Equal(new BlockVerdict(verdict), await FeedAsync(peer, LedgerFixture.Forge(header, "leader")));
        Assert.Equal(verdict == "ok" ? 2ul : 1ul, peer.Ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task What_was_too_early_or_too_far_ahead_is_taken_later()
    {
        await using var peer = await PeerAsync();
        var second = peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + 12_000);
        var third = peer.Ledger.BlockOn(second, Start + 13_000);

        Assert.Equal(new BlockVerdict("gap"), await FeedAsync(peer, third));
        Assert.Equal(new BlockVerdict("future"), await FeedAsync(peer, second));
        peer.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(new BlockVerdict("ok"), await FeedAsync(peer, second));
        Assert.Equal(new BlockVerdict("ok"), await FeedAsync(peer, third));
    }

    [Fact]
    public async Task Bodies_that_are_missing_cut_strange_or_too_many_are_bad_messages_and_the_right_ones_still_count()
    {
        await using var peer = await PeerAsync();
        var messages = NextMessages(peer);
        var block = peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + 2_000, messages);
        var bodies = GrainFixture.Encode(messages);
        var changed = (byte[])bodies.Clone();
        changed[^1] ^= 1;
        (byte[] Bodies, int Index)[] wrong =
        [
            ([], 0),
            (bodies[..^1], 2),
            (GrainFixture.Encode(messages[..2]), 2),
            (changed, 2),
            (GrainFixture.Encode([messages[1], messages[0], messages[2]]), 0),
            (GrainFixture.Encode([.. messages, messages[0]]), 3),
        ];

        foreach (var (bytes, index) in wrong)
        {
            Assert.Equal(new BlockVerdict("bad_message", index), await FeedAsync(peer, block.Encoding, bytes));
        }

        Assert.Equal(new BlockVerdict("ok"), await FeedAsync(peer, block, messages));
    }

    [Fact]
    public async Task A_producers_bad_message_is_named()
    {
        await using var peer = await PeerAsync();
        var good = peer.Ledger.Sign("bob");
        var forged = peer.Ledger.Sign("bob").Encoding.ToArray();
        forged[Message.HeaderSize - 5] ^= 1;
        Message.TryDecode(forged, 100, out var bad);
        var tooLong = peer.Ledger.Sign("carol", new string('a', 50_001));
        var late = peer.Ledger.Sign("carol", 0, "late", Start + 2_001);
        (string Verdict, int Index, Message[] Messages)[] wrong =
        [
            ("bad_message", 1, [good, bad]),
            ("bad_message", 1, [good, tooLong]),
            ("bad_message", 1, [good, good]),
            ("bad_timestamp", 1, [good, late]),
            ("bad_nonce", 0, [peer.Ledger.Sign("alice", 0, "used before")]),
            ("bad_nonce", 0, [peer.Ledger.Sign("alice", 2, "a gap")]),
            ("bad_nonce", 1, [good, peer.Ledger.Sign("bob", 2, "a gap")]),
        ];

        foreach (var (verdict, index, messages) in wrong)
        {
            var block = peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + 2_000, messages);
            Assert.Equal(new BlockVerdict(verdict, index), await FeedAsync(peer, block, messages));
        }

        Assert.Equal(1ul, peer.Ledger.Chain.Tip.Height);
    }

    [Theory]
    [InlineData("ok", 2_000)]
    [InlineData("equivocation", 3_000)]
    public async Task A_block_that_another_overtakes_while_it_is_checked_is_judged_beside_that(string expected, ulong milliseconds)
    {
        await using var peer = await PeerAsync();
        var first = peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + 2_000);
        var second = peer.Ledger.BlockOn(peer.Ledger.Chain.Tip, Start + milliseconds);
        peer.Ledger.Store.Hold();
        var stored = peer.Ledger.Chain.CommitFollowedAsync(first, []);
        await peer.Ledger.Store.Reached;

        var verdict = FeedAsync(peer, second);
        for (var i = 0; i < 100; i++)
        {
            // Gives the check time to pass; what is checked after the release only, is judged the same.
            Assert.Equal(1ul, (await peer.Reader.GetTipAsync()).Height);
        }

        peer.Ledger.Store.Release();
        await stored;
        Assert.Equal(new BlockVerdict(expected), await verdict);
        Assert.Equal(first.Hash, peer.Ledger.Chain.Tip.Hash);
    }

    // One block is stored, with a message of alice.
    private static async Task<GrainFixture> PeerAsync()
    {
        var parameters = new ChainParameters("kimura-test", maxContent: 50_000, maxMessages: MaxMessages, maxMessageBytes: 70_000);
        var peer = await GrainFixture.CreateAsync(new NodeShape { Silos = [false], Parameters = parameters });
        await peer.Ledger.FollowAsync(Start, peer.Ledger.Sign("alice"));
        return peer;
    }

    private static Message[] NextMessages(GrainFixture peer) => [peer.Ledger.Sign("bob"), peer.Ledger.Sign("alice"), peer.Ledger.Sign("bob")];

    private static BlockHeader On(Block tip) => new(tip.Height + 1, Start + 2_000, tip.Hash, default, default, default);

    private static Task<BlockVerdict> FeedAsync(GrainFixture peer, Block block, params Message[] messages) =>
        FeedAsync(peer, block.Encoding, GrainFixture.Encode(messages));

    private static async Task<BlockVerdict> FeedAsync(GrainFixture peer, ReadOnlyMemory<byte> encoding, ReadOnlyMemory<byte> messages) =>
        (await AcceptAsync(peer, encoding, messages)).Verdict;

    private static Task<RunVerdict> AcceptAsync(GrainFixture peer, ReadOnlyMemory<byte> encoding, ReadOnlyMemory<byte> messages) =>
        peer.Follower.AcceptAsync(new BlockRun([new IncomingBlock(encoding, messages)]));
}
