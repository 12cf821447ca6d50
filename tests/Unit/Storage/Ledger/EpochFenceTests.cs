using Kimura.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

public sealed class EpochFenceTests
{
    [Fact]
    public async Task Nothing_is_written_before_an_epoch_is_taken()
    {
        var fence = new EpochFence();

        Assert.Equal(0ul, fence.Epoch);
        Assert.Equal(CommitOutcome.Fenced, await fence.RunAsync(0, NeverAsync));
        Assert.Equal(CommitOutcome.Fenced, await fence.RunAsync(1, NeverAsync));
    }

    [Fact]
    public async Task An_epoch_is_taken_once_and_an_older_one_never()
    {
        var fence = new EpochFence();

        Assert.True(await fence.RaiseAsync(3));
        Assert.False(await fence.RaiseAsync(3));
        Assert.False(await fence.RaiseAsync(2));
        Assert.True(await fence.RaiseAsync(9));
        Assert.Equal(9ul, fence.Epoch);
        Assert.Equal(CommitOutcome.Fenced, await fence.RunAsync(3, NeverAsync));
        Assert.Equal(CommitOutcome.Fenced, await fence.RunAsync(10, NeverAsync));
        Assert.Equal(CommitOutcome.Stale, await fence.RunAsync(9, () => Task.FromResult(CommitOutcome.Stale)));
    }

    [Fact]
    public async Task Taking_an_epoch_waits_for_all_that_older_ones_have_under_way()
    {
        var fence = new EpochFence();
        await fence.RaiseAsync(1);
        var works = Enumerable.Range(0, 3).Select(_ => new TaskCompletionSource<CommitOutcome>()).ToArray();
        var running = works.Select(work => fence.RunAsync(1, () => work.Task)).ToArray();

        var raised = fence.RaiseAsync(2);

        Assert.Equal(CommitOutcome.Fenced, await fence.RunAsync(1, NeverAsync));
        works[2].SetResult(CommitOutcome.Committed);
        works[0].SetException(new InvalidOperationException("a failed write"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => running[0]);
        Assert.False(raised.IsCompleted);
        works[1].SetResult(CommitOutcome.Committed);
        Assert.True(await raised);
        Assert.Equal([CommitOutcome.Committed, CommitOutcome.Committed], [await running[1], await running[2]]);
    }

    [Fact]
    public async Task An_older_leader_commits_no_block_and_a_newer_one_waits_for_what_it_had_under_way()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var block = ledger.Next();
        ledger.Store.Hold();
        var committed = ledger.Chain.CommitProducedAsync(1, block);

        var taken = ledger.Chain.TakeLeaderEpochAsync(2);

        Assert.Equal(2ul, ledger.Chain.LeaderEpoch);
        Assert.False(taken.IsCompleted);
        ledger.Store.Release();
        Assert.True(await taken);
        Assert.Equal(CommitOutcome.Committed, await committed);
        Assert.Equal(block.Hash, ledger.Chain.Tip.Hash);
        Assert.Equal(CommitOutcome.Fenced, await ledger.Chain.CommitProducedAsync(1, ledger.Next()));
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitProducedAsync(2, ledger.Next()));
        Assert.False(await ledger.Chain.TakeLeaderEpochAsync(1));
    }

    [Fact]
    public async Task An_older_pool_stores_nothing_and_a_newer_one_waits_for_what_it_had_under_way()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var first = ledger.Number(ledger.Sign("alice"));
        ledger.Store.Hold();
        var stored = ledger.Chain.StorePendingAsync(1, [first]);

        var taken = ledger.Chain.TakePoolEpochAsync(2);

        Assert.Equal(2ul, ledger.Chain.PoolEpoch);
        Assert.False(taken.IsCompleted);
        ledger.Store.Release();
        Assert.True(await taken);
        Assert.Equal(CommitOutcome.Committed, await stored);
        Assert.Equal([first.Id], ledger.Chain.GetAllPending().Select(message => message.Id));
        var second = ledger.Number(ledger.Sign("alice"));
        Assert.Equal(CommitOutcome.Fenced, await ledger.Chain.StorePendingAsync(1, [second]));
        Assert.Equal(1, ledger.Chain.PendingCount);
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.StorePendingAsync(2, [second]));
    }

    private static Task<CommitOutcome> NeverAsync() => throw new InvalidOperationException("this work must not run");
}
