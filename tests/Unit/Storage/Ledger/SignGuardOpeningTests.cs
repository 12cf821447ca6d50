using Kimura.Storage;
using Kimura.Storage.SignGuard;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

public sealed class SignGuardOpeningTests : IDisposable
{
    private readonly TestGuard _guard = new();

    public void Dispose() => _guard.Dispose();

    [Fact]
    public async Task An_empty_guard_accepts_any_database()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        await ledger.ProduceAsync();
        _guard.Last = null;

        await ledger.ReopenAsync();

        Assert.Null(_guard.Last);
        Assert.Equal(1ul, ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task A_guard_at_the_tip_is_left_as_it_is()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        var block = await ledger.ProduceAsync();

        await ledger.ReopenAsync();

        Assert.Equal(block.Hash.ToString(), Convert.ToHexStringLower(_guard.Last!.Value.Hash.Span));
    }

    [Fact]
    public async Task A_guard_behind_the_tip_on_the_same_chain_is_brought_up_to_it()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        await ledger.ProduceAsync();
        var behind = _guard.Last;
        await ledger.ProduceAsync();
        var tip = await ledger.ProduceAsync();
        _guard.Last = behind;

        await ledger.ReopenAsync();

        Assert.Equal((3ul, tip.Hash.ToString()), (_guard.Last!.Value.Height, Convert.ToHexStringLower(_guard.Last.Value.Hash.Span)));
    }

    [Fact]
    public async Task A_guard_ahead_of_the_database_means_lost_blocks()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        await ledger.ProduceAsync();
        _guard.Last = new SignedBlock(2, new byte[32]);

        await Refused(
            () => ledger.ReopenAsync(),
            "the database ends at height 1, but this key has signed block 2: blocks are lost (an older copy was put back?). "
            + "Restore the newer database, fetch the blocks back from a peer with --leader-address, or give --accept-lost-blocks to sign these heights again");
        Assert.Equal(2ul, _guard.Last.Value.Height);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_guard_with_another_hash_at_a_height_means_another_chain(ulong height)
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        var blocks = new[] { await ledger.ProduceAsync(), await ledger.ProduceAsync() };
        _guard.Last = new SignedBlock(height, new byte[32]);

        await Refused(
            () => ledger.ReopenAsync(),
            $"block {height}: the database holds {blocks[height - 1].Hash}, but this key has signed {new string('0', 64)} there: "
            + "this is another chain's database, or blocks are lost. Restore the right one, or give --accept-lost-blocks");
    }

    [Fact]
    public async Task Accepted_losses_set_the_guard_back_to_the_tip()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        var tip = await ledger.ProduceAsync();
        _guard.Last = new SignedBlock(9, new byte[32]);

        await ledger.ReopenAsync(acceptLostBlocks: true);

        Assert.Equal((1ul, tip.Hash.ToString()), (_guard.Last!.Value.Height, Convert.ToHexStringLower(_guard.Last.Value.Hash.Span)));
        await ledger.ProduceAsync();
        Assert.Equal(2ul, _guard.Last.Value.Height);
    }

    [Fact]
    public async Task Accepted_losses_on_a_new_chain_empty_the_guard()
    {
        await using var ledger = await LedgerFixture.CreateAsync(guard: _guard);
        _guard.Last = new SignedBlock(9, new byte[32]);

        await ledger.ReopenAsync(acceptLostBlocks: true);

        Assert.Null(_guard.Last);
    }

    [Fact]
    public async Task A_node_without_a_key_needs_no_guard_even_to_accept_losses()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync();

        await ledger.ReopenAsync(acceptLostBlocks: true);

        Assert.Equal(1ul, ledger.Chain.Tip.Height);
    }

    private static async Task Refused(Func<Task> open, string message)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(open);
        Assert.Equal((StorageFault.Refused, message), (refusal.Fault, refusal.Message));
    }
}
