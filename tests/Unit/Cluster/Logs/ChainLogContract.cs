using Kimura.Chain.Blocks;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Logs;

/// <summary>What every chain log does, whoever keeps it: a silo's own store, PostgreSQL, memory.</summary>
public abstract class ChainLogContract
{
    private protected abstract Task<LogUnderTest> OpenAsync();

    [Fact]
    public async Task It_begins_with_genesis_and_an_empty_pool()
    {
        await using var test = await OpenAsync();
        var genesis = test.Ledger.Parameters.Genesis;

        Assert.Equal(new LogTip(0, genesis.Hash), await test.Log.ReadTipAsync());
        Assert.Equal(new LogTip(0, genesis.Hash), (await test.Log.ReadPendingAsync()).Tip);
        Assert.Empty((await test.Log.ReadPendingAsync()).Messages);
        Assert.Equal([genesis.Encoding.ToArray()], (await test.Log.ReadBlocksAsync(0, 10)).Select(delivery => delivery.Block.Encoding.ToArray()));
        Assert.Empty(await test.Log.ReadBlocksAsync(1, 10));
        Assert.Equal((0ul, 0ul), (test.Log.LeaderEpoch, test.Log.PoolEpoch));
    }

    [Fact]
    public async Task An_epoch_is_taken_once_and_only_upwards()
    {
        await using var test = await OpenAsync();

        Assert.True(await test.Log.TakeLeaderEpochAsync(3));
        Assert.False(await test.Log.TakeLeaderEpochAsync(3));
        Assert.False(await test.Log.TakeLeaderEpochAsync(2));
        Assert.True(await test.Log.TakePoolEpochAsync(1));
        Assert.Equal((3ul, 1ul), (test.Log.LeaderEpoch, test.Log.PoolEpoch));
        Assert.True(await test.Log.IsPoolEpochAsync(1));
        Assert.False(await test.Log.IsPoolEpochAsync(2));
    }

    [Fact]
    public async Task Nothing_is_written_before_an_epoch_was_taken_or_after_it_is_over()
    {
        await using var test = await OpenAsync();
        var message = test.Number("alice");
        Assert.Equal(CommitOutcome.Fenced, await test.Log.StorePendingAsync(0, [message]));
        Assert.Equal(CommitOutcome.Fenced, await test.Log.StorePendingAsync(1, [message]));
        Assert.True(await test.Log.TakePoolEpochAsync(1));
        Assert.True(await test.Log.TakePoolEpochAsync(2));
        Assert.Equal(CommitOutcome.Fenced, await test.Log.StorePendingAsync(1, [message]));
        Assert.Empty((await test.Log.ReadPendingAsync()).Messages);

        var block = test.BlockOn(test.Ledger.Parameters.Genesis);
        Assert.Equal(CommitOutcome.Fenced, await test.Log.CommitProducedAsync(0, block));
        Assert.True(await test.Log.TakeLeaderEpochAsync(5));
        Assert.Equal(CommitOutcome.Fenced, await test.Log.CommitProducedAsync(4, block));
        Assert.Equal(5ul, test.Log.LeaderEpoch);
        Assert.Equal(0ul, (await test.Log.ReadTipAsync()).Height);
        Assert.Equal(CommitOutcome.Committed, await test.Log.CommitProducedAsync(5, block));
    }

    [Fact]
    public async Task What_was_stored_is_pending_in_the_order_of_arrival_until_its_block()
    {
        await using var test = await OpenAsync();
        await test.TakeEpochsAsync();
        PendingMessage[] messages = [test.Number("alice"), test.Number("bob"), test.Number("alice")];
        Assert.Equal(CommitOutcome.Committed, await test.Log.StorePendingAsync(1, messages[..1]));
        Assert.Equal(CommitOutcome.Committed, await test.Log.StorePendingAsync(1, messages[1..]));
        Assert.Equal(messages.Select(Show), (await test.Log.ReadPendingAsync()).Messages.Select(Show));

        var block = test.BlockOn(test.Ledger.Parameters.Genesis, messages[..2]);
        Assert.Equal(CommitOutcome.Committed, await test.Log.CommitProducedAsync(1, block));
        var pool = await test.Log.ReadPendingAsync();
        Assert.Equal(new LogTip(1, block.Hash), pool.Tip);
        Assert.Equal([Show(messages[2])], pool.Messages.Select(Show));

        var next = test.BlockOn(block, messages[2]);
        Assert.Equal(CommitOutcome.Committed, await test.Log.CommitProducedAsync(1, next));
        var read = await test.Log.ReadBlocksAsync(1, 10);
        Assert.Equal([block.Hash, next.Hash], read.Select(delivery => delivery.Block.Hash));
        Assert.Equal(messages.Select(message => message.Hash), read.SelectMany(delivery => delivery.Bodies!).Select(body => body.ComputeHash()));
        Assert.Single(await test.Log.ReadBlocksAsync(1, 1));
        Assert.Equal([next.Hash], (await test.Log.ReadBlocksAsync(2, 5)).Select(delivery => delivery.Block.Hash));
    }

    [Fact]
    public async Task A_block_that_is_not_the_next_one_is_stale()
    {
        await using var test = await OpenAsync();
        await test.TakeEpochsAsync();
        var genesis = test.Ledger.Parameters.Genesis;
        var first = test.BlockOn(genesis);
        Assert.Equal(CommitOutcome.Stale, await test.Log.CommitProducedAsync(1, test.BlockOn(first)));
        Assert.Equal(CommitOutcome.Committed, await test.Log.CommitProducedAsync(1, first));
        Assert.Equal(CommitOutcome.Stale, await test.Log.CommitProducedAsync(1, first));

        // Another block at the same height, and one that joins on to a block that is not there.
        var second = test.Ledger.BlockOn(genesis, LedgerFixture.Start + 77);
        Assert.Equal(CommitOutcome.Stale, await test.Log.CommitProducedAsync(1, second));
        Assert.Equal(CommitOutcome.Stale, await test.Log.CommitProducedAsync(1, test.BlockOn(second)));
        Assert.Equal(new LogTip(1, first.Hash), await test.Log.ReadTipAsync());
    }

    [Fact]
    public async Task A_block_with_a_message_that_is_not_pending_is_stale_and_leaves_nothing_behind()
    {
        await using var test = await OpenAsync();
        await test.TakeEpochsAsync();
        var (stored, other) = (test.Number("alice"), test.Number("bob"));
        Assert.Equal(CommitOutcome.Committed, await test.Log.StorePendingAsync(1, [stored]));

        Assert.Equal(CommitOutcome.Stale, await test.Log.CommitProducedAsync(1, test.BlockOn(test.Ledger.Parameters.Genesis, stored, other)));
        Assert.Equal(0ul, (await test.Log.ReadTipAsync()).Height);
        Assert.Equal([Show(stored)], (await test.Log.ReadPendingAsync()).Messages.Select(Show));

        var block = test.BlockOn(test.Ledger.Parameters.Genesis, stored);
        Assert.Equal(CommitOutcome.Committed, await test.Log.CommitProducedAsync(1, block));
        Assert.Equal(CommitOutcome.Stale, await test.Log.CommitProducedAsync(1, test.BlockOn(block, stored)));
        Assert.True(await test.Log.MayFollowAsync(block));
    }

    private static (string, string, ulong) Show(PendingMessage message) => (message.Id.ToString(), message.Hash.ToString(), message.Arrival);
}

/// <summary>A log, and a ledger that makes messages and blocks for it.</summary>
internal sealed class LogUnderTest(LedgerFixture ledger, IChainLog log) : IAsyncDisposable
{
    public LedgerFixture Ledger => ledger;

    public IChainLog Log => log;

    public async Task TakeEpochsAsync()
    {
        Assert.True(await log.TakeLeaderEpochAsync(1));
        Assert.True(await log.TakePoolEpochAsync(1));
    }

    public PendingMessage Number(string sender) => ledger.Number(ledger.Sign(sender));

    public Block BlockOn(Block below, params PendingMessage[] messages) =>
        ledger.BlockOn(below, LedgerFixture.Start + (1_000 * below.Height), [.. messages.Select(message => message.Message)]);

    public async ValueTask DisposeAsync()
    {
        if (log is IAsyncDisposable open)
        {
            await open.DisposeAsync();
        }

        await ledger.DisposeAsync();
    }
}
