using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Tests.Unit.Storage.Ledger;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Grains;

public sealed class LeaderTests
{
    private const ulong Start = LedgerFixture.Start;

    [Fact]
    public async Task A_block_is_made_each_interval_with_messages_or_without()
    {
        await using var node = await GrainFixture.CreateAsync();
        Assert.Equal(new LeaderStatus(1, 0, false), await node.Leader.KeepAliveAsync());
        await node.AcceptAsync("alice");

        Assert.Equal(0ul, (await node.PassAsync(TimeSpan.FromMilliseconds(999))).Height);
        Assert.Equal(1ul, (await node.PassAsync(TimeSpan.FromMilliseconds(1))).Height);
        Assert.Equal(2ul, (await node.TickAsync()).Height);

        var blocks = await BlocksAsync(node);
        Assert.Equal([Start + 1_000, Start + 2_000], blocks.Select(block => block.Header.Timestamp));
        Assert.Equal([1, 0], blocks.Select(block => block.Count));
        Assert.Equal(blocks[0].Hash, blocks[1].Header.PrevHash);
        Assert.All(blocks, block => Assert.True(block.Header.HasValidSignature(block.Hash)));
        Assert.Equal(
            ["Leader resuming from height 1", "Produced block 1 with 1 messages", "Produced block 2 with 0 messages"],
            node.Log.Lines.Where(line => line.Level >= LogLevel.Information).Select(line => line.Text));
    }

    [Fact]
    public async Task A_slow_block_moves_no_later_one_and_missed_ones_are_left_out()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        await node.Pool.SelectAsync("Silo_0");
        node.Ledger.Store.Hold();
        node.Time.Advance(GrainFixture.Interval);
        await node.Ledger.Store.Reached;
        node.Time.Advance(TimeSpan.FromMilliseconds(2_400));
        node.Ledger.Store.Release();
        await node.Leader.KeepAliveAsync();

        Assert.Equal(1ul, (await node.PassAsync(TimeSpan.FromMilliseconds(599))).Height);
        Assert.Equal(2ul, (await node.PassAsync(TimeSpan.FromMilliseconds(1))).Height);
        await node.TickAsync();

        Assert.Equal([Start + 1_000, Start + 4_000, Start + 5_000], (await BlocksAsync(node)).Select(block => block.Header.Timestamp));
    }

    [Fact]
    public async Task Each_activation_takes_a_newer_epoch_and_goes_on_at_the_next_height()
    {
        await using var node = await GrainFixture.CreateAsync();
        for (var epoch = 1ul; epoch <= 3; epoch++)
        {
            Assert.Equal(new LeaderStatus(epoch, epoch - 1, false), await node.Leader.KeepAliveAsync());
            Assert.Equal(epoch, node.Ledger.Chain.LeaderEpoch);
            Assert.Contains((LogLevel.Information, $"Leader resuming from height {epoch}"), node.Log.Lines);
            await node.TickAsync();
            await node.RestartAsync();
        }

        Assert.Equal(3ul, node.Ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task What_was_answered_before_a_block_is_in_it_in_the_order_of_arrival()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        var random = new Random(7);
        string[] senders = ["alice", "bob", "carol"];
        for (var height = 1ul; height <= 6; height++)
        {
            var answered = new List<MessageId>();
            for (var i = random.Next(6); i > 0; i--)
            {
                answered.Add((await node.AcceptAsync(senders[random.Next(3)])).ComputeId());
            }

            await node.TickAsync();

            Assert.Equal(answered, IdsOf((await node.Ledger.Chain.GetBlockAsync(height))!));
            Assert.Equal(0, node.Ledger.Chain.PendingCount);
        }
    }

    [Fact]
    public async Task A_block_takes_the_oldest_messages_up_to_the_limit_of_their_number()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Parameters = new ChainParameters("kimura-test", maxMessages: 3) });
        await node.Leader.KeepAliveAsync();
        var ids = new List<MessageId>();
        for (var i = 0; i < 7; i++)
        {
            ids.Add((await node.AcceptAsync(i % 2 == 0 ? "alice" : "bob")).ComputeId());
        }

        for (var i = 0; i < 4; i++)
        {
            await node.TickAsync();
        }

        Assert.Equal([3, 3, 1, 0], (await BlocksAsync(node)).Select(block => block.Count));
        Assert.Equal(ids, (await BlocksAsync(node)).SelectMany(IdsOf));
    }

    [Fact]
    public async Task A_block_stops_at_the_first_message_that_does_not_fit_its_bytes()
    {
        const int limit = 100_000;
        await using var node = await GrainFixture.CreateAsync(
            new NodeShape { Parameters = new ChainParameters("kimura-test", maxMessageBytes: limit) });
        await node.Leader.KeepAliveAsync();
        const int exact = limit - (2 * Message.HeaderSize) - 60_000;
        foreach (var size in (int[])[60_000, exact, 60_000, 60_000, 10])
        {
            await node.AcceptAsync("alice", new string('a', size));
        }

        for (var i = 0; i < 3; i++)
        {
            await node.TickAsync();
        }

        Assert.Equal([2, 1, 2], (await BlocksAsync(node)).Select(block => block.Count));
    }

    [Fact]
    public async Task A_clock_a_little_behind_the_last_block_counts_on_from_it()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Ledger.FollowAsync(Start + 6_000);
        await node.Leader.KeepAliveAsync();

        for (var i = 0; i < 7; i++)
        {
            await node.TickAsync();
        }

        Assert.Equal(
            [Start + 6_000, Start + 6_001, Start + 6_002, Start + 6_003, Start + 6_004, Start + 6_005, Start + 6_006, Start + 7_000],
            (await BlocksAsync(node)).Select(block => block.Header.Timestamp));
    }

    [Fact]
    public async Task A_clock_far_behind_the_last_block_waits_and_says_so_once()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Ledger.FollowAsync(Start + 8_001);
        Assert.False((await node.Leader.KeepAliveAsync()).Waiting);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(new LeaderStatus(1, 1, true), await node.TickAsync());
        }

        Assert.Equal(new LeaderStatus(1, 2, false), await node.TickAsync());
        Assert.Equal(Start + 8_002, node.Ledger.Chain.Tip.Header.Timestamp);
        Assert.Equal(
            "This clock is 7001 ms behind the last block: no blocks until it has caught up. Check the system's time",
            Assert.Single(node.Log.Lines, line => line.Level == LogLevel.Warning).Text);
    }

    [Fact]
    public async Task A_block_is_not_earlier_than_its_messages()
    {
        await using var node = await GrainFixture.CreateAsync();
        var ahead = node.Ledger.Sign("alice", 0, "stamped by a clock that was ahead", Start + 4_000);
        await node.Ledger.Chain.TakePoolEpochAsync(1);
        await node.Ledger.Chain.StorePendingAsync(1, [node.Ledger.Number(ahead)]);
        await node.RestartAsync();
        await node.Leader.KeepAliveAsync();

        await node.TickAsync();

        var block = Assert.Single(await BlocksAsync(node));
        Assert.Equal((1, Start + 4_000), (block.Count, block.Header.Timestamp));
    }

    [Fact]
    public async Task A_block_that_another_overtook_is_dropped_and_the_next_one_follows_that()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        var message = await node.AcceptAsync("alice");
        var other = node.Ledger.BlockOn(node.Ledger.Chain.Tip, Start);

        // Somebody reads between blocks, and the other one waits for that.
        node.Ledger.Store.HoldReads();
        var reading = node.Ledger.Chain.GetChainNoncesAsync(node.Ledger.Chain.Tip, [message.Sender]);
        await node.Ledger.Store.ReadReached;
        var followed = node.Ledger.Chain.CommitFollowedAsync(other, []);
        node.Time.Advance(GrainFixture.Interval);
        for (var i = 0; i < 100; i++)
        {
            // Gives the tick time to make its block; what it would make after the release would follow the other one at once.
            await node.Pool.SelectAsync("Silo_0");
        }

        node.Ledger.Store.ReleaseReads();
        await reading;
        await followed;
        await node.Leader.KeepAliveAsync();
        await node.TickAsync();

        var blocks = await BlocksAsync(node);
        Assert.Equal(other.Hash, blocks[0].Hash);
        Assert.Equal([message.ComputeId()], blocks.Skip(1).SelectMany(IdsOf));
    }

    [Fact]
    public async Task A_broken_disk_stops_the_blocks_for_good()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        await node.TickAsync();
        node.Ledger.BreakDisk();

        Assert.Equal(1ul, (await node.TickAsync()).Height);
        Assert.Equal(1ul, (await node.TickAsync()).Height);

        Assert.Contains("disk on fire", (await node.Ledger.Chain.Failed).Message, StringComparison.Ordinal);
        Assert.Equal(1ul, node.Ledger.Chain.Tip.Height);
    }

    internal static async Task<List<Block>> BlocksAsync(GrainFixture node)
    {
        var blocks = new List<Block>();
        for (var height = 1ul; await node.Ledger.Chain.GetBlockAsync(height) is { } block; height++)
        {
            blocks.Add(block);
        }

        return blocks;
    }

    internal static IEnumerable<MessageId> IdsOf(Block block) => Enumerable.Range(0, block.Count).Select(block.IdAt);
}
