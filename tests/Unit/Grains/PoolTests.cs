using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;
using static Kimura.Interfaces.SubmissionOutcome;

namespace Kimura.Tests.Unit.Grains;

public sealed class PoolTests
{
    [Fact]
    public async Task An_accepted_message_is_on_disk_and_stamped_by_the_pools_clock()
    {
        await using var node = await GrainFixture.CreateAsync();
        node.Time.Advance(TimeSpan.FromMilliseconds(1_234));
        var message = node.Ledger.Sign("alice");

        var results = await node.AdmitAsync(message);

        Assert.Equal([Accepted], GrainFixture.Outcomes(results));
        Assert.Equal(message.ComputeId().Value.ToArray(), results.Ids.ToArray());
        var (_, value) = Assert.Single(await node.Ledger.DumpAsync(Family.Pending));
        var stored = message.Encoding.ToArray();
        Message.Stamp(stored, LedgerFixture.Start + 1_234);
        Assert.Equal(Bytes.Hex(Bytes.U64(0), stored), value);
    }

    [Fact]
    public async Task A_sender_may_send_on_without_waiting_for_answers()
    {
        await using var node = await GrainFixture.CreateAsync();
        var messages = Enumerable.Range(0, 5).Select(_ => node.Ledger.Sign("alice")).ToArray();

        var results = await Task.WhenAll(messages.Select(message => node.AdmitAsync(message)));

        Assert.All(results, result => Assert.Equal([Accepted], GrainFixture.Outcomes(result)));
        Assert.Equal(messages.Select(message => message.ComputeId()), node.Ledger.Chain.GetAllPending().Select(message => message.Id));
    }

    [Fact]
    public async Task What_arrives_while_a_sync_is_under_way_shares_the_next_one()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.AcceptAsync("alice");
        var before = node.Ledger.Store.SyncedCommits.Count;
        node.Ledger.Store.Hold();
        List<Task<SubmissionResults>> calls = [node.AdmitAsync(node.Ledger.Sign("alice"))];
        await node.Ledger.Store.Reached;
        for (var i = 0; i < 20; i++)
        {
            calls.Add(node.AdmitAsync(node.Ledger.Sign(i % 2 == 0 ? "alice" : "bob"), node.Ledger.Sign("carol")));
        }

        await node.Pool.SelectAsync("Silo_0");
        Assert.Equal(before + 1, node.Ledger.Store.SyncedCommits.Count);
        Assert.DoesNotContain(calls, call => call.IsCompleted);
        node.Ledger.Store.Release();

        var results = await Task.WhenAll(calls);
        Assert.All(results.SelectMany(GrainFixture.Outcomes), outcome => Assert.Equal(Accepted, outcome));
        Assert.Equal([1, 40], node.Ledger.Store.SyncedCommits.Skip(before).Select(commit => commit.Count));
        Assert.Equal(42, node.Ledger.Chain.PendingCount);
    }

    [Fact]
    public async Task Nothing_is_seen_before_its_sync_not_even_its_nonce()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.AcceptAsync("bob");
        var message = node.Ledger.Sign("alice");
        var id = message.ComputeId().Value.ToArray();
        var alice = TestKeys.Public("alice").ToArray();
        node.Ledger.Store.Hold();

        var admitted = node.AdmitAsync(message);
        await node.Ledger.Store.Reached;

        Assert.Null((await node.Reader.GetMessageAsync(id)).Record);
        Assert.Null(await node.Reader.GetProofAsync(id));
        Assert.Equal(new NonceAnswer(0), await node.Reader.GetNonceAsync(alice));
        Assert.Empty((await node.Reader.GetMessagesAsync(alice, 0, 10)).Records);
        Assert.Equal(1, (await node.Reader.GetStatusAsync()).Pending);
        Assert.Equal(64, (await node.Pool.SelectAsync("Silo_0"))!.Entries.Length);
        node.Ledger.Store.Release();
        await admitted;
        Assert.False((await node.Reader.GetMessageAsync(id)).Record!.IsConfirmed);
        Assert.Equal(new NonceAnswer(1), await node.Reader.GetNonceAsync(alice));
        Assert.Equal(128, (await node.Pool.SelectAsync("Silo_0"))!.Entries.Length);
    }

    [Fact]
    public async Task A_retry_that_meets_its_own_first_try_waits_for_its_sync_and_is_accepted()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.AcceptAsync("bob");
        var message = node.Ledger.Sign("alice", 0, "first");
        var other = node.Ledger.Sign("alice", 0, "another content");
        node.Ledger.Store.Hold();

        var first = node.AdmitAsync(message);
        await node.Ledger.Store.Reached;
        var retry = node.AdmitAsync(message);
        var forgery = node.AdmitAsync(other);
        await node.Pool.SelectAsync("Silo_0");

        Assert.False(retry.IsCompleted);
        Assert.False(forgery.IsCompleted);
        node.Ledger.Store.Release();
        Assert.Equal([Accepted], GrainFixture.Outcomes(await first));
        Assert.Equal([Accepted], GrainFixture.Outcomes(await retry));
        Assert.Equal([new SubmissionResult(Duplicate, SameContent: false)], (await forgery).Results);
        Assert.Equal(2, node.Ledger.Chain.PendingCount);
    }

    [Fact]
    public async Task A_message_that_is_known_is_a_duplicate_whatever_its_content()
    {
        await using var node = await GrainFixture.CreateAsync();
        var message = await node.AcceptAsync("alice", "known");
        var other = node.Ledger.Sign("alice", 0, "another content");

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(
                [new SubmissionResult(Duplicate, SameContent: true), new SubmissionResult(Duplicate, SameContent: false)],
                (await node.AdmitAsync(message, other)).Results);

            // The second time they are in a block.
            await node.Leader.KeepAliveAsync();
            await node.TickAsync();
        }

        Assert.Equal(0, node.Ledger.Chain.PendingCount);
    }

    [Fact]
    public async Task A_message_twice_in_one_batch_is_stored_once()
    {
        await using var node = await GrainFixture.CreateAsync();
        var message = node.Ledger.Sign("alice");

        Assert.Equal([Accepted, Accepted], GrainFixture.Outcomes(await node.AdmitAsync(message, message)));

        Assert.Equal(1, node.Ledger.Chain.PendingCount);
    }

    [Fact]
    public async Task A_nonce_above_the_expected_one_is_refused_with_that()
    {
        await using var node = await GrainFixture.CreateAsync();
        var gap = node.Ledger.Sign("alice", 1, "too early");

        Assert.Equal([new SubmissionResult(WrongNonce, 0)], (await node.AdmitAsync(gap)).Results);
        Assert.Equal(
            [new SubmissionResult(Accepted), new SubmissionResult(Accepted), new SubmissionResult(WrongNonce, 2)],
            (await node.AdmitAsync(node.Ledger.Sign("alice"), gap, node.Ledger.Sign("alice", 7, "a gap"))).Results);
    }

    [Fact]
    public async Task A_sender_goes_on_after_its_last_message_went_into_a_block()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        for (var height = 1ul; height <= 4; height++)
        {
            await node.AcceptAsync("alice");
            await node.TickAsync();
        }

        Assert.All(await LeaderTests.BlocksAsync(node), block => Assert.Equal(1, block.Count));
        Assert.Equal(new NonceAnswer(4), await node.Reader.GetNonceAsync(TestKeys.Public("alice").ToArray()));
    }

    [Fact]
    public async Task Senders_are_learned_though_others_pass_while_their_nonces_are_read()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        await node.AcceptAsync("bob");
        var messages = new[] { node.Ledger.Sign("alice"), node.Ledger.Sign("bob"), node.Ledger.Sign("carol") };
        node.Ledger.Store.HoldReads();
        var refused = node.AdmitAsync(node.Ledger.Sign("carol", 9, "a gap"));
        var admitted = node.AdmitAsync(messages);
        var again = node.AdmitAsync(messages);

        // Bob's first message goes into a block, and bob leaves the book, while alice's and carol's nonces are being read.
        await node.TickAsync();
        node.Ledger.Store.ReleaseReads();

        Assert.Equal([new SubmissionResult(WrongNonce, 0)], (await refused).Results);

        // Whichever of the two is second shares the other's sync, or comes after it and is told that its messages are known.
        var answers = new[] { await admitted, await again }.Select(static results => results.Results.Distinct().Single()).ToHashSet();
        Assert.Contains(new SubmissionResult(Accepted), answers);
        Assert.Subset(new HashSet<SubmissionResult> { new(Accepted), new(Duplicate, SameContent: true) }, answers);
        await node.TickAsync();
        Assert.Equal([1, 3], (await LeaderTests.BlocksAsync(node)).Select(block => block.Count));
    }

    [Theory]
    [InlineData(3, 1 << 20, 100)]
    [InlineData(100, 3 * 124, 100)]
    [InlineData(100, 1 << 20, 3)]
    public async Task A_full_pool_says_when_to_try_again_and_has_room_after_a_block(int messages, long bytes, int ofSender)
    {
        await using var node = await GrainFixture.CreateAsync(
            new NodeShape { PendingLimit = messages, PendingBytesLimit = bytes, PendingSenderLimit = ofSender });
        await node.Leader.KeepAliveAsync();
        var batch = Enumerable.Range(0, 4).Select(_ => node.Ledger.Sign("alice")).ToArray();

        var results = await node.AdmitAsync(batch);

        Assert.Equal([Accepted, Accepted, Accepted, PoolFull], GrainFixture.Outcomes(results));
        Assert.Equal(new SubmissionResult(PoolFull, RetryAfterMilliseconds: 1_000), results.Results[3]);
        await node.TickAsync();
        Assert.Equal([Accepted], GrainFixture.Outcomes(await node.AdmitAsync(batch[3])));
    }

    [Fact]
    public async Task One_senders_limit_leaves_room_for_others()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { PendingSenderLimit = 1 });

        var results = await node.AdmitAsync(node.Ledger.Sign("alice"), node.Ledger.Sign("alice"), node.Ledger.Sign("bob"));

        Assert.Equal([Accepted, PoolFull, Accepted], GrainFixture.Outcomes(results));
    }

    [Fact]
    public async Task A_restart_keeps_order_nonces_and_limits()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape { PendingLimit = 4 });
        var ids = new List<MessageId>();
        foreach (var sender in (string[])["alice", "bob", "alice"])
        {
            ids.Add((await node.AcceptAsync(sender)).ComputeId());
        }

        await node.RestartAsync();

        var late = node.Ledger.Sign("alice", 3, "a gap");
        var next = node.Ledger.Sign("alice");
        var full = node.Ledger.Sign("bob");
        Assert.Equal([new(WrongNonce, 2), new(Accepted), new(PoolFull, RetryAfterMilliseconds: 1_000)], (await node.AdmitAsync(late, next, full)).Results);
        ids.Add(next.ComputeId());
        Assert.Equal([0ul, 1ul, 2ul, 3ul], node.Ledger.Chain.GetAllPending().Select(message => message.Arrival));
        await node.Leader.KeepAliveAsync();
        await node.TickAsync();
        Assert.Equal(ids, LeaderTests.IdsOf(node.Ledger.Chain.Tip));
    }

    [Fact]
    public async Task A_failing_disk_fails_all_who_wait_for_it()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.AcceptAsync("bob");
        var message = node.Ledger.Sign("alice");
        node.Ledger.Store.Hold();
        List<Task<SubmissionResults>> calls = [node.AdmitAsync(message)];
        await node.Ledger.Store.Reached;
        calls.Add(node.AdmitAsync(message));
        calls.Add(node.AdmitAsync(node.Ledger.Sign("alice")));
        await node.Pool.SelectAsync("Silo_0");
        node.Ledger.BreakDisk();
        node.Ledger.Store.Release();

        foreach (var call in calls)
        {
            var failure = await Assert.ThrowsAsync<StorageException>(() => call);
            Assert.Contains("disk on fire", failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal(StorageFault.Failed, (await node.Ledger.Chain.Failed).Fault);
        Assert.Equal(1, node.Ledger.Chain.PendingCount);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    [InlineData(-1, 1)]
    [InlineData(1, 0)]
    public async Task A_batch_that_is_not_what_it_says_is_refused_whole(int count, int ids)
    {
        await using var node = await GrainFixture.CreateAsync();
        var message = node.Ledger.Sign("alice");

        await Assert.ThrowsAsync<ArgumentException>(() => node.Pool.AdmitAsync(new VerifiedBatch(message.Encoding, count, new byte[32 * ids])));
        await Assert.ThrowsAsync<ArgumentException>(() => node.Pool.AdmitAsync(new VerifiedBatch(message.Encoding[..^1], 1, new byte[32])));

        Assert.Equal([Accepted], GrainFixture.Outcomes(await node.AdmitAsync(message)));
    }
}
