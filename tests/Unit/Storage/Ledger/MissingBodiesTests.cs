using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>Blocks stored with their lists alone (protocol sections 4 and 6, <c>bodies = on-demand</c>), and completed later.</summary>
public sealed class MissingBodiesTests
{
    private const ulong Start = LedgerFixture.Start;

    [Fact]
    public async Task Without_its_body_a_message_is_its_place_and_the_database_says_up_to_where_it_is_complete()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.FollowAsync(Start, ledger.Sign("alice"));
        await ledger.FollowListAsync(Start + 1_000);
        Assert.Null(ledger.Chain.BodiesHeight);
        Message[] messages = [ledger.Sign("alice"), ledger.Sign("bob")];

        var block = await ledger.FollowListAsync(Start + 2_000, messages);
        await ledger.FollowListAsync(Start + 3_000);
        await ledger.FollowListAsync(Start + 4_000, ledger.Sign("bob"));

        foreach (var restarted in (bool[])[false, true])
        {
            if (restarted)
            {
                await ledger.ReopenAsync();
            }

            Assert.Equal(2ul, ledger.Chain.BodiesHeight);
            Assert.Equal(5ul, ledger.Chain.Tip.Height);
            var stored = (await ledger.Chain.GetMessageAsync(block.IdAt(1)))!.Value;
            Assert.Equal((false, 3ul, 1), (stored.HasBody, stored.Height!.Value, stored.Index));
            Assert.Equal(Bytes.U64(2), await ledger.Store.GetAsync(Family.Metadata, Bytes.Ascii("meta:bodies_height")));
            Assert.Equal(
                (byte[])[.. Bytes.U64(3), .. Bytes.U32(1)],
                await ledger.Store.GetAsync(Family.Messages, (byte[])[.. Bytes.Ascii("msg:"), .. block.IdAt(1).Value.ToArray()]));
            Assert.Equal(1ul, await ledger.Chain.GetChainNonceAsync(TestKeys.Public("alice")));
        }
    }

    [Fact]
    public async Task A_fetched_body_is_kept_if_it_is_the_one_listed()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        Message[] messages = [ledger.Sign("alice"), ledger.Sign("bob")];
        await ledger.FollowListAsync(Start, messages);
        var id = messages[0].ComputeId();
        var substituted = ledger.Sign("alice", 0, "another content");
        byte[] cut = messages[0].Encoding.ToArray()[..^1];

        Assert.Equal(id, substituted.ComputeId());
        foreach (var wrong in (ReadOnlyMemory<byte>[])[substituted.Encoding, messages[1].Encoding, cut, default])
        {
            Assert.False(await ledger.Chain.KeepBodyAsync(id, wrong));
        }

        Assert.False((await ledger.Chain.GetMessageAsync(id))!.Value.HasBody);
        Assert.True(await ledger.Chain.KeepBodyAsync(id, messages[0].Encoding));
        Assert.True(await ledger.Chain.KeepBodyAsync(id, messages[0].Encoding));
        Assert.False(await ledger.Chain.KeepBodyAsync(id, substituted.Encoding));
        await ledger.ReopenAsync();
        Assert.Equal(messages[0].Encoding.ToArray(), (await ledger.Chain.GetMessageAsync(id))!.Value.Message.Encoding.ToArray());
        Assert.Equal(0ul, ledger.Chain.BodiesHeight);
    }

    [Fact]
    public async Task A_body_of_no_block_is_not_kept()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var pending = (await ledger.SubmitAsync("alice"))[0];

        Assert.False(await ledger.Chain.KeepBodyAsync(pending.Id, pending.Message.Encoding));
        Assert.False(await ledger.Chain.KeepBodyAsync(ledger.Sign("bob").ComputeId(), ledger.Sign("bob", 0, "content").Encoding));
        Assert.Empty(await ledger.DumpAsync(Family.Messages));
    }

    [Fact]
    public async Task A_body_whose_place_is_damaged_is_not_kept_but_said()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        Message[] messages = [ledger.Sign("alice"), ledger.Sign("bob")];
        await ledger.FollowListAsync(Start, messages);
        var id = messages[0].ComputeId();
        byte[] key = [.. Bytes.Ascii("msg:"), .. id.Value.ToArray()];
        foreach (var index in (uint[])[1, 2])
        {
            await ledger.PutAsync(Family.Messages, key, [.. Bytes.U64(1), .. Bytes.U32(index)]);
            var damage = await Assert.ThrowsAsync<StorageException>(() => ledger.Chain.KeepBodyAsync(id, messages[0].Encoding).AsTask());
            Assert.Equal(StorageFault.Corrupt, damage.Fault);
        }
    }

    [Fact]
    public async Task Completed_block_by_block_a_database_is_that_of_a_node_that_had_all_bodies()
    {
        await using var full = await LedgerFixture.CreateAsync();
        await using var lists = await LedgerFixture.CreateAsync();
        var run = full.RunOf([full.Sign("alice")], [full.Sign("alice"), full.Sign("bob")], [], [full.Sign("bob")], [full.Sign("carol"), full.Sign("alice")]);
        await full.Chain.CommitRunAsync(run, withNonces: true);
        await lists.Chain.CommitRunAsync(run[..1], withNonces: true);
        await lists.Chain.CommitRunAsync([.. run[1..4].Select(delivery => delivery with { Bodies = null })], withNonces: false);

        // With its messages, above what lacks some: its nonces wait too.
        Assert.Equal(CommitOutcome.Stale, (await lists.Chain.CommitRunAsync(run[4..], withNonces: true)).Outcome);
        Assert.Equal(CommitOutcome.Committed, (await lists.Chain.CommitRunAsync(run[4..], withNonces: false)).Outcome);
        Assert.True((await lists.Chain.GetMessageAsync(run[4].Block.IdAt(0)))!.Value.HasBody);
        Assert.Equal(0ul, await lists.Chain.GetChainNonceAsync(TestKeys.Public("carol")));

        Assert.Equal(1ul, lists.Chain.BodiesHeight);
        Assert.Equal(CommitOutcome.Stale, await lists.Chain.CommitBodiesAsync(run[2..]));
        Assert.Equal(CommitOutcome.Stale, await lists.Chain.CommitBodiesAsync([run[1], run[3]]));
        Assert.Equal(CommitOutcome.Committed, await lists.Chain.CommitBodiesAsync(run[1..3]));
        Assert.Equal(3ul, lists.Chain.BodiesHeight);
        await lists.ReopenAsync();
        Assert.Equal(3ul, lists.Chain.BodiesHeight);
        Assert.Equal(CommitOutcome.Committed, await lists.Chain.CommitBodiesAsync(run[3..]));
        Assert.Null(lists.Chain.BodiesHeight);
        Assert.Equal(CommitOutcome.Stale, await lists.Chain.CommitBodiesAsync(run[4..]));
        foreach (var family in (Family[])[Family.Blocks, Family.Messages, Family.Metadata])
        {
            Assert.Equal(await full.DumpAsync(family), await lists.DumpAsync(family));
        }

        await lists.ReopenAsync();
        Assert.Null(lists.Chain.BodiesHeight);
    }

    [Fact]
    public async Task A_run_with_messages_whose_nonces_nobody_checked_is_stale_where_nonces_are_kept()
    {
        await using var ledger = await LedgerFixture.CreateAsync();

        Assert.Equal(CommitOutcome.Stale, (await ledger.Chain.CommitRunAsync(ledger.RunOf([ledger.Sign("alice")]), withNonces: false)).Outcome);
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task A_message_that_is_completed_while_it_is_read_is_read_whole()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var message = ledger.Sign("alice");
        var block = await ledger.FollowListAsync(Start, message);
        ledger.Store.HoldReads();
        var read = ledger.Chain.GetMessageAsync(message.ComputeId());

        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitBodiesAsync([new Delivery(block, [message])]));
        ledger.Store.ReleaseReads();

        Assert.True((await read)!.Value.HasBody);
    }

    [Fact]
    public async Task While_messages_are_missing_no_block_is_produced_here()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.FollowListAsync(Start, ledger.Sign("alice"));

        Assert.Equal(CommitOutcome.Stale, await ledger.Chain.CommitProducedAsync(1, ledger.Next()));
    }

    [Theory]
    [InlineData("00000000000000", "the height up to which messages are complete is stored in 7 bytes, not 8: the database is damaged, restore it from a backup")]
    [InlineData("0000000000000001", "meta:bodies_height is 1, but the last height is 1: restore the database from a backup")]
    public async Task A_height_of_complete_bodies_that_cannot_be_is_damage(string stored, string message)
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.FollowAsync(Start, ledger.Sign("alice"));
        await ledger.PutAsync(Family.Metadata, Bytes.Ascii("meta:bodies_height"), Convert.FromHexString(stored));

        var damage = await Assert.ThrowsAsync<StorageException>(() => ledger.ReopenAsync());
        Assert.Equal((StorageFault.Corrupt, message), (damage.Fault, damage.Message));
    }
}
