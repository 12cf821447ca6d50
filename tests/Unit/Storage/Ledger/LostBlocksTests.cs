using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Storage.SignGuard;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>A database behind its sign guard, on a node that can fetch what it has lost (protocol sections 4 and 5).</summary>
public sealed class LostBlocksTests : IDisposable
{
    private readonly TestGuard _guard = new();

    public void Dispose() => _guard.Dispose();

    [Fact]
    public async Task A_database_behind_its_guard_is_opened_where_blocks_can_be_fetched_and_produces_nothing_until_they_are()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        var lost = await LoseAsync(ledger, 3);

        await ledger.ReopenAsync(canFetch: true);

        Assert.Equal(4ul, ledger.Chain.LostBlocks);
        for (var i = 0; i < lost.Count; i++)
        {
            Assert.Equal(CommitOutcome.Stale, await ledger.Chain.CommitProducedAsync(1, ledger.Next()));
            Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitFollowedAsync(lost[i].Block, lost[i].Bodies!));
            Assert.Equal(i < 2 ? 4ul : null, ledger.Chain.LostBlocks);
            Assert.Equal(4ul, _guard.Last!.Value.Height);
        }

        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitProducedAsync(1, ledger.Next()));
        Assert.Equal(5ul, _guard.Last!.Value.Height);
        await ledger.ReopenAsync();
        Assert.Null(ledger.Chain.LostBlocks);
        Assert.Equal(5ul, ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task A_run_may_go_beyond_what_was_lost_and_the_guard_goes_with_it()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        var lost = await LoseAsync(ledger, 2);
        await ledger.ReopenAsync(canFetch: true);
        var beyond = ledger.BlockOn(lost[^1].Block, LedgerFixture.Start + 9_000);

        await ledger.Chain.CommitRunAsync([.. lost, new Delivery(beyond, [])], withNonces: true);

        Assert.Null(ledger.Chain.LostBlocks);
        Assert.Equal((4ul, beyond.Hash.ToString()), (_guard.Last!.Value.Height, Convert.ToHexStringLower(_guard.Last.Value.Hash.Span)));
        await ledger.ReopenAsync();
    }

    [Fact]
    public async Task Another_block_at_the_height_of_the_one_signed_stops_the_node_in_one_line()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        var lost = await LoseAsync(ledger, 2);
        await ledger.ReopenAsync(canFetch: true);
        await ledger.Chain.CommitFollowedAsync(lost[0].Block, lost[0].Bodies!);
        var other = ledger.BlockOn(ledger.Chain.Tip, LedgerFixture.Start + 8_000);

        var refusal = await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.CommitFollowedAsync(other, []));

        Assert.Equal(
            (StorageFault.Refused,
                $"block 3: this key has signed {lost[1].Block.Hash} there, but what peers hold, signed with it too, is {other.Hash}: two chains exist. "
                + "Find out which one counts before this key signs again"),
            (refusal.Fault, refusal.Message));
        Assert.Same(refusal, await ledger.Chain.Failed);
        Assert.Equal(2ul, ledger.Chain.Tip.Height);
        await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.CommitFollowedAsync(lost[1].Block, lost[1].Bodies!));
        await ledger.ReopenAsync(canFetch: true);
        Assert.Equal((2ul, 3ul), (ledger.Chain.Tip.Height, ledger.Chain.LostBlocks!.Value));
    }

    [Fact]
    public async Task A_guard_of_another_chain_is_refused_where_blocks_can_be_fetched_too()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        await ledger.ProduceAsync();
        _guard.Last = new SignedBlock(1, new byte[32]);

        Assert.Equal(StorageFault.Refused, (await Assert.ThrowsAsync<StorageException>(() => ledger.ReopenAsync(canFetch: true))).Fault);
    }

    [Fact]
    public async Task Accepted_losses_are_lost_no_longer_where_blocks_can_be_fetched_too()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        await LoseAsync(ledger, 2);

        await ledger.ReopenAsync(acceptLostBlocks: true, canFetch: true);

        Assert.Null(ledger.Chain.LostBlocks);
        await ledger.ProduceAsync();
        Assert.Equal(2ul, _guard.Last!.Value.Height);
    }

    // One block is on disk; the guard knows of so many more, which are given back.
    private async Task<List<Delivery>> LoseAsync(LedgerFixture ledger, int count)
    {
        await ledger.ProduceAsync("alice");
        var run = ledger.RunOf([.. Enumerable.Range(0, count).Select(_ => new[] { ledger.Sign("alice") })]);
        Block last = run[^1].Block;
        _guard.Last = new SignedBlock(last.Height, last.Hash.Value.ToArray());
        return run;
    }
}
