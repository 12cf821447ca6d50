using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>What readers see while a write is under way, and what is left of the store when one fails.</summary>
public sealed class VisibilityTests
{
    [Fact]
    public async Task Pending_messages_are_not_seen_before_they_are_synced()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var message = ledger.Number(ledger.Sign("alice"));
        ledger.Store.Hold();

        var stored = ledger.Chain.StorePendingAsync(1, [message]);
        await ledger.Store.Reached;

        Assert.False(stored.IsCompleted);
        Assert.Null(ledger.Chain.GetPending(message.Id));
        Assert.Null(await ledger.Chain.GetMessageAsync(message.Id));
        Assert.Equal(0ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("alice")));
        Assert.Equal(0, ledger.Chain.PendingCount);
        ledger.Store.Release();
        Assert.Equal(CommitOutcome.Committed, await stored);
        Assert.Equal(1ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("alice")));
    }

    [Fact]
    public async Task Scrub_finds_no_damage_in_what_a_block_that_is_being_written_changes()
    {
        var guard = new TestGuard();
        await using var ledger = await LedgerFixture.CreateAsync(guard: guard);
        await ledger.ProduceAsync("alice");
        var block = ledger.Next(await ledger.SubmitAsync("alice"));
        guard.Hold();
        var committed = ledger.Chain.CommitProducedAsync(1, block);
        await guard.Reached;

        // The sender's next nonce on disk is past the block, which is not the tip yet.
        var scrubbed = ledger.Chain.ScrubAsync(1, ledger.Producers);
        guard.Release();

        Assert.Equal(CommitOutcome.Committed, await committed);
        Assert.Empty((await scrubbed).Found);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_block_is_not_seen_before_the_guard_has_recorded_it(bool isHeldByGuard)
    {
        var guard = new TestGuard();
        await using var ledger = await LedgerFixture.CreateAsync(guard: guard);
        var message = Assert.Single(await ledger.SubmitAsync("alice"));
        var block = ledger.Next(message);
        if (isHeldByGuard)
        {
            guard.Hold();
        }
        else
        {
            ledger.Store.Hold();
        }

        var committed = ledger.Chain.CommitProducedAsync(1, block);
        await (isHeldByGuard ? guard.Reached : ledger.Store.Reached);

        Assert.False(committed.IsCompleted);
        Assert.Equal(isHeldByGuard, await ledger.Store.GetAsync(Family.Blocks, Bytes.BlockKey(1)) is not null);
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
        Assert.Null(await ledger.Chain.GetBlockAsync(1));
        Assert.Null(await ledger.Chain.GetHeightAsync(block.Hash));
        Assert.Null((await ledger.Chain.GetMessageAsync(message.Id))!.Value.Height);
        Assert.Equal(1ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("alice")));
        Assert.Equal(1, ledger.Chain.PendingCount);
        guard.Release();
        ledger.Store.Release();
        Assert.Equal(CommitOutcome.Committed, await committed);
        Assert.Equal(block.Hash, ledger.Chain.Tip.Hash);
        Assert.Equal(1ul, (await ledger.Chain.GetMessageAsync(message.Id))!.Value.Height);
        Assert.Equal(0, ledger.Chain.PendingCount);
        Assert.Equal((1ul, block.Hash.ToString()), (guard.Last!.Value.Height, Convert.ToHexStringLower(guard.Last.Value.Hash.Span)));
    }

    [Fact]
    public async Task A_followed_block_is_not_seen_before_it_is_synced_and_recorded()
    {
        var guard = new TestGuard();
        await using var ledger = await LedgerFixture.CreateAsync(guard: guard);
        var message = ledger.Sign("alice");
        var block = ledger.BlockOn(ledger.Chain.Tip, LedgerFixture.Start, message);
        ledger.Store.Hold();

        var committed = ledger.Chain.CommitFollowedAsync(block, [message]);
        await ledger.Store.Reached;

        Assert.Equal(0ul, ledger.Chain.Tip.Height);
        Assert.Null(await ledger.Chain.GetMessageAsync(message.ComputeId()));
        ledger.Store.Release();
        Assert.Equal(CommitOutcome.Committed, await committed);
        Assert.Equal(1ul, (await ledger.Chain.GetMessageAsync(message.ComputeId()))!.Value.Height);
        Assert.Equal((1ul, block.Hash.ToString()), (guard.Last!.Value.Height, Convert.ToHexStringLower(guard.Last.Value.Hash.Span)));
    }

    [Fact]
    public async Task A_failing_disk_ends_the_store_and_no_block_is_seen()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = await ledger.SubmitAsync("alice");
        ledger.BreakDisk();

        var failure = await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.CommitProducedAsync(1, ledger.Next(messages)));

        Assert.Contains("disk on fire", failure.Message, StringComparison.Ordinal);
        Assert.Equal(StorageFault.Failed, (await ledger.Chain.Failed).Fault);
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
        await NothingMoreIsTaken(ledger);
    }

    [Fact]
    public async Task A_failing_write_of_pending_messages_ends_the_store()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        ledger.BreakDisk();

        await Assert.ThrowsAsync<StorageException>(() => ledger.SubmitAsync("alice"));

        Assert.Equal(StorageFault.Failed, (await ledger.Chain.Failed).Fault);
        Assert.Equal(0, ledger.Chain.PendingCount);
        await NothingMoreIsTaken(ledger);
    }

    [Fact]
    public async Task A_failing_write_of_anything_else_ends_the_chain_store_too()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        ledger.BreakDisk();

        await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.KeepEquivocationAsync(ledger.Next().Header).AsTask());

        Assert.Equal(StorageFault.Failed, (await ledger.Chain.Failed).Fault);
        await NothingMoreIsTaken(ledger);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failing_guard_ends_the_store_though_the_block_is_on_disk(bool isExpected)
    {
        var guard = new TestGuard { Failure = isExpected ? new StorageException(StorageFault.Failed, "no guard") : new InvalidOperationException("no guard") };
        await using var ledger = await LedgerFixture.CreateAsync(guard: guard);
        var messages = await ledger.SubmitAsync("alice");
        var block = ledger.Next(messages);

        await Assert.ThrowsAnyAsync<Exception>(() => ledger.Chain.CommitProducedAsync(1, block));

        var failure = await ledger.Chain.Failed;
        Assert.Equal((StorageFault.Failed, "no guard"), (failure.Fault, failure.Message));
        Assert.NotNull(await ledger.Store.GetAsync(Family.Blocks, Bytes.BlockKey(1)));
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
        Assert.Equal(1, ledger.Chain.PendingCount);
        guard.Failure = null;
        await NothingMoreIsTaken(ledger);
        Assert.Null(guard.Last);
    }

    [Fact]
    public async Task A_block_whose_record_was_lost_is_seen_after_a_restart_and_recorded_then()
    {
        var guard = new TestGuard();
        await using var ledger = await LedgerFixture.CreateAsync(guard: guard);
        await ledger.ProduceAsync("alice");
        var messages = await ledger.SubmitAsync("bob");
        var block = ledger.Next(messages);
        guard.Failure = new StorageException(StorageFault.Failed, "no guard");
        await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.CommitProducedAsync(1, block));
        Assert.Equal(1ul, guard.Last!.Value.Height);

        guard.Failure = null;
        await ledger.ReopenAsync();

        Assert.Equal(block.Hash, ledger.Chain.Tip.Hash);
        Assert.Equal(0, ledger.Chain.PendingCount);
        Assert.Equal((2ul, block.Hash.ToString()), (guard.Last!.Value.Height, Convert.ToHexStringLower(guard.Last.Value.Hash.Span)));
    }

    private static async Task NothingMoreIsTaken(LedgerFixture ledger)
    {
        var commits = ledger.Store.SyncedCommits.Count;
        var other = ledger.BlockOn(ledger.Chain.Tip, LedgerFixture.Start + 7);
        await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.CommitProducedAsync(1, other));
        await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.CommitFollowedAsync(other, []));
        await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.StorePendingAsync(1, [ledger.Number(ledger.Sign("carol", 0, "late"))]));
        Assert.Equal(commits, ledger.Store.SyncedCommits.Count);
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
    }
}
