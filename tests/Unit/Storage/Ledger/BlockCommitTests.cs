using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

public sealed class BlockCommitTests
{
    [Fact]
    public async Task Pending_messages_are_one_synced_batch_and_then_seen()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = await ledger.SubmitAsync("alice", "bob", "alice");

        Assert.Equal(
            messages.Select((message, i) => new Change(
                Family.Pending,
                false,
                Bytes.Hex(Bytes.Ascii("pending:"), message.Id.Value.ToArray()),
                Bytes.Hex(Bytes.U64((ulong)i), message.Message.Encoding.ToArray()))),
            ledger.Store.SyncedCommits[^1]);
        Assert.Equal(3, ledger.Chain.PendingCount);
        Assert.Same(messages[1], ledger.Chain.GetPending(messages[1].Id));
        Assert.Null((await ledger.Chain.GetMessageAsync(messages[2].Id))!.Value.Height);
        Assert.Equal(2ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("alice")));
        Assert.Equal(0ul, await ledger.Chain.GetChainNonceAsync(TestKeys.Public("alice")));
    }

    [Fact]
    public async Task A_block_is_one_synced_batch_of_everything_that_belongs_to_it()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("bob");
        var messages = await ledger.SubmitAsync("alice", "bob", "alice");
        await ledger.SubmitAsync("carol");
        var commits = ledger.Store.SyncedCommits.Count;

        var block = ledger.Next(messages);
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitProducedAsync(1, block));

        var hash = block.Hash.Value.ToArray();
        Assert.Equal(commits + 1, ledger.Store.SyncedCommits.Count);
        List<Change> expected =
        [
            Put(Family.Blocks, Bytes.BlockKey(2), block.Encoding.ToArray()),
            Put(Family.Metadata, [.. Bytes.Ascii("nonce:"), .. TestKeys.Public("alice").ToArray()], Bytes.U64(2)),
            Put(Family.Metadata, [.. Bytes.Ascii("nonce:"), .. TestKeys.Public("bob").ToArray()], Bytes.U64(2)),
            Put(Family.Metadata, Bytes.Ascii("meta:last_height"), Bytes.U64(2)),
            Put(Family.Metadata, Bytes.Ascii("meta:last_hash"), hash),
            Put(Family.Metadata, [.. Bytes.Ascii("hash:"), .. hash], Bytes.U64(2)),
        ];
        for (var i = 0; i < messages.Length; i++)
        {
            var id = messages[i].Id.Value.ToArray();
            expected.Add(Put(
                Family.Messages, [.. Bytes.Ascii("msg:"), .. id], [.. Bytes.U64(2), .. Bytes.U32((uint)i), .. messages[i].Message.Encoding.ToArray()]));
            expected.Add(new Change(Family.Pending, true, Bytes.Hex(Bytes.Ascii("pending:"), id), ""));
        }

        Assert.Equal(expected.OrderBy(Order), ledger.Store.SyncedCommits[^1].OrderBy(Order));
        Assert.Equal(TestKeys.Public("carol"), Assert.Single(ledger.Chain.GetAllPending()).Message.Sender);
        Assert.Single(await ledger.DumpAsync(Family.Pending));
    }

    [Fact]
    public async Task A_committed_block_is_found_by_height_and_hash_and_its_messages_by_id()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = await ledger.SubmitAsync("alice", "bob");
        var block = ledger.Next(messages);
        await ledger.Chain.CommitProducedAsync(1, block);
        await ledger.ProduceAsync();

        Assert.Equal(block.Encoding.ToArray(), (await ledger.Chain.GetBlockAsync(1))!.Encoding.ToArray());
        Assert.Equal(1ul, await ledger.Chain.GetHeightAsync(block.Hash));
        Assert.Null(await ledger.Chain.GetHeightAsync(new BlockHash(block.Header.MessageRoot)));
        Assert.Null(await ledger.Chain.GetBlockAsync(3));
        var stored = (await ledger.Chain.GetMessageAsync(messages[1].Id))!.Value;
        Assert.Equal((1ul, 1), (stored.Height!.Value, stored.Index));
        Assert.Equal(messages[1].Message.Encoding.ToArray(), stored.Message.Encoding.ToArray());
        Assert.Null(ledger.Chain.GetPending(messages[1].Id));
        Assert.Null(await ledger.Chain.GetMessageAsync(new MessageId(block.Header.MessageRoot)));
    }

    [Fact]
    public async Task A_block_is_stale_unless_it_follows_the_tip()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var first = await ledger.ProduceAsync();
        var second = ledger.Next();
        var other = ledger.BlockOn(ledger.Parameters.Genesis, LedgerFixture.Start + 1);
        Block[] stale =
        [
            first,
            other,
            ledger.BlockOn(other, LedgerFixture.Start + 5_000),
            ledger.BlockOn(second, LedgerFixture.Start + 5_000),
        ];

        foreach (var block in stale)
        {
            Assert.Equal(CommitOutcome.Stale, await ledger.Chain.CommitProducedAsync(1, block));
            Assert.Equal(CommitOutcome.Stale, await ledger.Chain.CommitFollowedAsync(block, []));
        }

        Assert.Equal(first.Hash, ledger.Chain.Tip.Hash);
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitProducedAsync(1, second));
    }

    [Fact]
    public async Task A_block_with_a_message_that_is_no_longer_pending_is_stale()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = await ledger.SubmitAsync("alice", "bob");
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitProducedAsync(1, ledger.Next(messages[0])));

        Assert.Equal(CommitOutcome.Stale, await ledger.Chain.CommitProducedAsync(1, ledger.Next(messages)));
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitProducedAsync(1, ledger.Next(messages[1])));
    }

    [Fact]
    public async Task Of_two_commits_at_one_height_the_second_is_stale()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var produced = ledger.Next();
        var followed = ledger.BlockOn(ledger.Chain.Tip, LedgerFixture.Start + 1);
        ledger.Store.Hold();

        var first = ledger.Chain.CommitProducedAsync(1, produced);
        var second = ledger.Chain.CommitFollowedAsync(followed, []);
        var third = ledger.Chain.CommitProducedAsync(1, followed);
        ledger.Store.Release();

        Assert.Equal([CommitOutcome.Committed, CommitOutcome.Stale, CommitOutcome.Stale], await Task.WhenAll(first, second, third));
        Assert.Equal(produced.Hash, ledger.Chain.Tip.Hash);
        Assert.Equal(2, (await ledger.DumpAsync(Family.Blocks)).Count);
    }

    [Fact]
    public async Task A_followed_block_is_stored_like_a_produced_one()
    {
        await using var leader = await LedgerFixture.CreateAsync();
        await using var peer = await LedgerFixture.CreateAsync();
        var messages = await leader.SubmitAsync("alice", "bob", "alice");
        var block = leader.Next(messages);
        await leader.Chain.CommitProducedAsync(1, block);

        Assert.Equal(CommitOutcome.Committed, await peer.Chain.CommitFollowedAsync(block, [.. messages.Select(message => message.Message)]));

        foreach (var family in (Family[])[Family.Blocks, Family.Messages, Family.Metadata, Family.Pending])
        {
            Assert.Equal(await leader.DumpAsync(family), await peer.DumpAsync(family));
        }

        Assert.Equal(block.Hash, peer.Chain.Tip.Hash);
    }

    [Fact]
    public async Task What_a_followed_block_holds_is_pending_no_longer()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = await ledger.SubmitAsync("alice", "alice", "bob");
        var block = ledger.Next(messages[0]);

        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitFollowedAsync(block, [messages[0].Message]));

        Assert.Equal(messages[1..].Select(message => message.Id), ledger.Chain.GetAllPending().Select(message => message.Id));
        await ledger.ReopenAsync();
        Assert.Equal(messages[1..].Select(message => message.Id), ledger.Chain.GetAllPending().Select(message => message.Id));
        Assert.Equal(2ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("alice")));
    }

    [Fact]
    public async Task A_followed_block_needs_all_its_bodies()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var message = ledger.Sign("alice");
        var block = ledger.BlockOn(ledger.Chain.Tip, LedgerFixture.Start, message);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ledger.Chain.CommitFollowedAsync(block, []));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ledger.Chain.CommitFollowedAsync(block, [message, message]));
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task A_block_that_skips_a_nonce_or_changes_a_message_is_a_bug_and_writes_nothing()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var messages = await ledger.SubmitAsync("alice", "alice", "alice", "bob");
        var changed = ledger.Number(ledger.Sign("bob", 0, "another content"));
        var commits = ledger.Store.SyncedCommits.Count;
        Block[] wrong = [ledger.Next(messages[1]), ledger.Next(messages[0], messages[2]), ledger.Next(changed)];

        foreach (var block in wrong)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => ledger.Chain.CommitProducedAsync(1, block));
        }

        Assert.Equal(commits, ledger.Store.SyncedCommits.Count);
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitProducedAsync(1, ledger.Next(messages)));
    }

    private static (Family Family, string Key) Order(Change change) => (change.Family, change.Key);

    private static Change Put(Family family, byte[] key, byte[] value) => new(family, false, Bytes.Hex(key), Bytes.Hex(value));
}
