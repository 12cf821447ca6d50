using Kimura.Chain;
using Kimura.Chain.Verification;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>Blocks of another node, many at a time.</summary>
public sealed class FollowedRunTests
{
    [Fact]
    public async Task A_run_is_one_batch_a_block_handed_over_without_waiting_and_seen_when_on_disk()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var run = ledger.RunOf([ledger.Sign("alice")], [], [ledger.Sign("bob"), ledger.Sign("alice")]);
        ledger.Store.Hold();

        var committed = ledger.Chain.CommitRunAsync(run, withNonces: true);
        await ledger.Store.Reached;

        // All three are under way, and none was waited for.
        Assert.Equal(3, ledger.Store.SyncedCommits.Count(commit => commit.Any(change => change.Family == Family.Blocks && change.Key != Bytes.Hex(Bytes.BlockKey(0)))));
        Assert.False(committed.IsCompleted);
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
        Assert.Null(await ledger.Chain.GetMessageAsync(run[0].Block.IdAt(0)));
        ledger.Store.Release();
        Assert.Equal(CommitOutcome.Committed, (await committed).Outcome);
        Assert.Equal(run[2].Block.Hash, ledger.Chain.Tip.Hash);
    }

    [Fact]
    public async Task A_run_leaves_the_same_bytes_as_its_blocks_apart()
    {
        await using var together = await LedgerFixture.CreateAsync();
        await using var apart = await LedgerFixture.CreateAsync();
        var run = together.RunOf([together.Sign("alice"), together.Sign("bob")], [], [together.Sign("alice")], [together.Sign("carol"), together.Sign("alice")]);

        Assert.Equal(CommitOutcome.Committed, (await together.Chain.CommitRunAsync(run, withNonces: true)).Outcome);
        foreach (var (block, bodies) in run)
        {
            Assert.Equal(CommitOutcome.Committed, await apart.Chain.CommitFollowedAsync(block, bodies!));
        }

        foreach (var family in (Family[])[Family.Blocks, Family.Messages, Family.Metadata])
        {
            Assert.Equal(await apart.DumpAsync(family), await together.DumpAsync(family));
        }
    }

    [Fact]
    public async Task A_run_that_does_not_go_on_from_the_tip_block_by_block_is_stale_and_writes_nothing()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var run = ledger.RunOf([], [], []);
        var other = ledger.BlockOn(ledger.Chain.Tip, LedgerFixture.Start + 7);
        var commits = ledger.Store.SyncedCommits.Count;
        List<Delivery>[] stale = [[run[1], run[2]], [run[0], run[2]], [run[0], run[0]], [new(other, []), run[1]]];

        foreach (var wrong in stale)
        {
            Assert.Equal(CommitOutcome.Stale, (await ledger.Chain.CommitRunAsync(wrong, withNonces: true)).Outcome);
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ledger.Chain.CommitRunAsync([], withNonces: true));
        Assert.Equal(commits, ledger.Store.SyncedCommits.Count);
        Assert.Equal(CommitOutcome.Committed, (await ledger.Chain.CommitRunAsync(run, withNonces: true)).Outcome);
    }

    [Fact]
    public async Task A_disk_that_fails_under_a_run_ends_the_store_and_shows_none_of_it()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var run = ledger.RunOf([], [], []);
        ledger.BreakDisk();

        var failure = await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.CommitRunAsync(run, withNonces: true));

        Assert.Contains("disk on fire", failure.Message, StringComparison.Ordinal);
        Assert.Equal(StorageFault.Failed, (await ledger.Chain.Failed).Fault);
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task A_run_whose_nonces_do_not_go_on_is_a_bug_and_ends_the_store()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var run = ledger.RunOf([ledger.Sign("alice")], [ledger.Sign("alice", 2, "a gap")]);

        await Assert.ThrowsAsync<InvalidOperationException>(() => ledger.Chain.CommitRunAsync(run, withNonces: true));

        // What was handed over before is on disk perhaps, so the store cannot go on from where readers see it.
        Assert.Equal(StorageFault.Failed, (await ledger.Chain.Failed).Fault);
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_guard_records_the_last_block_of_a_run_before_any_is_seen(bool works)
    {
        using var guard = new TestGuard();
        await using var ledger = await LedgerFixture.CreateAsync(guard: guard);
        var run = ledger.RunOf([ledger.Sign("alice")], [ledger.Sign("alice")]);
        guard.Hold();

        var committed = ledger.Chain.CommitRunAsync(run, withNonces: true);
        await guard.Reached;

        Assert.Equal(0ul, ledger.Chain.Tip.Height);
        guard.Failure = works ? null : new StorageException(StorageFault.Failed, "no guard");
        guard.Release();
        if (works)
        {
            Assert.Equal(CommitOutcome.Committed, (await committed).Outcome);
            Assert.Equal((2ul, run[1].Block.Hash.ToString()), (guard.Last!.Value.Height, Convert.ToHexStringLower(guard.Last.Value.Hash.Span)));
            await ledger.ReopenAsync();
            Assert.Equal(2ul, ledger.Chain.Tip.Height);
        }
        else
        {
            await Assert.ThrowsAsync<StorageException>(() => committed);
            Assert.Equal("no guard", (await ledger.Chain.Failed).Message);
            Assert.Equal(0ul, ledger.Chain.Tip.Height);
        }
    }

    [Fact]
    public async Task What_is_pending_leaves_with_the_run_that_holds_it_and_what_a_block_replaces_is_named()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var pending = await ledger.SubmitAsync("alice", "bob", "alice", "alice", "alice", "alice");
        var alice = pending.Where(message => message.Message.Sender == TestKeys.Public("alice")).ToArray();
        var other = ledger.Sign("alice", 3, "what the leader signed instead");
        var run = ledger.RunOf([alice[0].Message, alice[1].Message], [alice[2].Message, other]);

        var commit = await ledger.Chain.CommitRunAsync(run, withNonces: true);

        Assert.Equal(CommitOutcome.Committed, commit.Outcome);
        Assert.Equal([alice[3].Id], commit.Replaced);
        foreach (var restarted in (bool[])[false, true])
        {
            if (restarted)
            {
                await ledger.ReopenAsync();
            }

            Assert.Equal([pending[1].Id, alice[4].Id], ledger.Chain.GetAllPending().Select(message => message.Id));
            Assert.Equal(4ul, await ledger.Chain.GetChainNonceAsync(TestKeys.Public("alice")));
            Assert.Equal(5ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("alice")));
            Assert.Equal(other.Encoding.ToArray(), (await ledger.Chain.GetMessageAsync(alice[3].Id))!.Value.Message.Encoding.ToArray());
        }
    }

    [Fact]
    public async Task A_block_from_elsewhere_ends_the_pools_epoch_and_the_next_one_waits_for_it()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var first = ledger.RunOf([ledger.Sign("alice")]);
        ledger.Store.Hold();
        var committed = ledger.Chain.CommitRunAsync(first, withNonces: true);
        await ledger.Store.Reached;

        Assert.Equal(0ul, ledger.Chain.PoolEpoch);
        Assert.Equal(CommitOutcome.Fenced, await ledger.Chain.StorePendingAsync(1, [ledger.Number(ledger.Sign("bob"))]));
        var taken = ledger.Chain.TakePoolEpochAsync(2);
        Assert.False(taken.IsCompleted);
        ledger.Store.Release();
        await committed;

        Assert.True(await taken);
        Assert.Equal(2ul, ledger.Chain.PoolEpoch);
        Assert.False(await ledger.Chain.TakePoolEpochAsync(2));
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.StorePendingAsync(2, [ledger.Number(ledger.Sign("carol"))]));
    }

    [Fact]
    public async Task Nonces_and_ids_are_read_as_of_a_tip_or_not_at_all()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var block = await ledger.FollowAsync(LedgerFixture.Start, ledger.Sign("alice"), ledger.Sign("alice"));
        var (alice, bob) = (TestKeys.Public("alice"), TestKeys.Public("bob"));

        var nonces = (await ledger.Chain.GetChainNoncesAsync(block, [alice, bob, alice]))!;
        Assert.Equal([(alice, 2ul), (bob, 0ul)], nonces.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal([block.IdAt(1)], await ledger.Chain.FindListedAsync(block, [new MessageId(default), block.IdAt(1)]));

        await ledger.FollowAsync(LedgerFixture.Start + 1);
        Assert.Null(await ledger.Chain.GetChainNoncesAsync(block, [alice]));
        Assert.Null(await ledger.Chain.FindListedAsync(block, [block.IdAt(1)]));
    }
}
