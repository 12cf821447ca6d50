using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Grains.Leader;
using Kimura.Interfaces;
using Kimura.Storage.Ledger;
using Kimura.Storage.SignGuard;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Storage.Ledger;
using Microsoft.Extensions.Logging;
using Xunit;
using static Kimura.Interfaces.SubmissionOutcome;

namespace Kimura.Tests.Unit.Grains;

/// <summary>A leader whose own blocks are elsewhere: it waits, catches up, and goes on (protocol section 5).</summary>
public sealed class HoldTests
{
    private const ulong Start = LedgerFixture.Start;

    [Fact]
    public async Task A_leader_behind_its_guard_makes_nothing_and_takes_nothing_until_it_has_caught_up()
    {
        using var guard = new TestGuard();
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Guard = guard });
        var lost = LostRun(node, 2);
        guard.Last = new SignedBlock(2, lost[1].Block.Hash.Value.ToArray());
        await node.RestartAsync(canFetch: true);
        await node.Leader.KeepAliveAsync();

        for (var i = 0; i < 3; i++)
        {
            Assert.True((await node.TickAsync()).Waiting);
        }

        Assert.Equal(0ul, node.Ledger.Chain.Tip.Height);
        Assert.Equal([Unavailable], GrainFixture.Outcomes(await node.AdmitAsync(node.Ledger.Sign("bob", 0, "early"))));
        Assert.Equal(new RunVerdict(2, new("ok")), await node.Follower.AcceptAsync(ChainRunTests.Call(lost)));
        Assert.False((await node.TickAsync()).Waiting);

        Assert.Equal(3ul, node.Ledger.Chain.Tip.Height);
        Assert.Equal(
            ["No blocks are made, no messages taken: this key has signed block 2, but the chain ends at 0 here: the blocks are fetched back from peers first"],
            Warnings(node));
        Assert.Equal(1, node.Log.Lines.Count(line => line.Text == "Leader resuming from height 3"));
        Assert.Equal(3ul, guard.Last!.Value.Height);
        await AcceptedSoonAsync(node, node.Ledger.Sign("bob", 0, "late"));
    }

    [Fact]
    public async Task The_gate_holds_until_peers_were_asked_and_their_height_is_reached()
    {
        var gate = new ProductionGate();
        var asked = new TaskCompletionSource();
        gate.HoldUntil(asked.Task);
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Gate = gate });
        await node.Leader.KeepAliveAsync();

        Assert.True((await node.TickAsync()).Waiting);
        Assert.Equal([Unavailable], GrainFixture.Outcomes(await node.AdmitAsync(node.Ledger.Sign("bob", 0, "early"))));
        gate.Hold(2);
        gate.Hold(1);
        asked.SetResult();
        Assert.True((await node.TickAsync()).Waiting);
        var run = LostRun(node, 2);
        await node.Follower.AcceptAsync(ChainRunTests.Call(run[..1]));
        Assert.True((await node.TickAsync()).Waiting);
        await node.Follower.AcceptAsync(ChainRunTests.Call(run));
        Assert.False((await node.TickAsync()).Waiting);

        Assert.Equal(3ul, node.Ledger.Chain.Tip.Height);
        Assert.Equal(["No blocks are made, no messages taken: peers are asked first whether they hold more blocks of this key"], Warnings(node));
    }

    [Fact]
    public async Task A_leader_whose_disk_has_no_room_makes_nothing_and_takes_nothing_until_there_is_some()
    {
        await using var node = await GrainFixture.CreateAsync(new NodeShape());
        await node.Leader.KeepAliveAsync();
        node.Ledger.Chain.SetPause("no room");

        Assert.True((await node.TickAsync()).Waiting);
        Assert.Equal([Unavailable], GrainFixture.Outcomes(await node.AdmitAsync(node.Ledger.Sign("bob", 0, "early"))));
        Assert.Equal(0ul, node.Ledger.Chain.Tip.Height);
        node.Ledger.Chain.SetPause(null);
        Assert.Equal([Accepted], GrainFixture.Outcomes(await node.AdmitAsync(node.Ledger.Sign("bob", 0, "early"))));
        Assert.False((await node.TickAsync()).Waiting);

        Assert.Equal(1ul, node.Ledger.Chain.Tip.Height);
        Assert.Equal(["No blocks are made, no messages taken: no room"], Warnings(node));
    }

    [Fact]
    public void The_gate_holds_while_any_of_those_who_ask_has_not_ended_in_whatever_way()
    {
        var gate = new ProductionGate();
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        Assert.False(gate.IsHeld(0));
        gate.HoldUntil(first.Task);
        gate.HoldUntil(second.Task);
        second.SetException(new IOException("nobody there"));
        Assert.True(gate.IsHeld(ulong.MaxValue));
        first.SetCanceled(TestContext.Current.CancellationToken);
        Assert.False(gate.IsHeld(0));
    }

    [Fact]
    public async Task A_leader_whose_messages_are_not_all_here_waits_for_them()
    {
        await using var node = await GrainFixture.CreateAsync();
        var message = node.Ledger.Sign("alice");
        await node.Ledger.FollowListAsync(Start - 1, message);
        await node.Leader.KeepAliveAsync();

        Assert.True((await node.TickAsync()).Waiting);
        Assert.Equal(["No blocks are made, no messages taken: messages of the blocks above 0 are not stored here: they are fetched first"], Warnings(node));
        await node.Follower.AcceptBodiesAsync(1, message.Encoding);
        Assert.False((await node.TickAsync()).Waiting);
        Assert.Equal(2ul, node.Ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task What_the_fetched_blocks_hold_leaves_the_pool_and_what_they_do_not_is_in_the_next_block()
    {
        var gate = new ProductionGate();
        await using var node = await GrainFixture.CreateAsync(new NodeShape { Gate = gate });
        await node.Leader.KeepAliveAsync();
        var alice = new List<Message>();
        for (var i = 0; i < 5; i++)
        {
            alice.Add(await node.AcceptAsync("alice", $"message {i}"));
        }

        var bob = await node.AcceptAsync("bob");
        gate.Hold(2);
        var other = node.Ledger.Sign("alice", 3, "what this key signed before");
        var run = node.Ledger.RunOf([alice[0], alice[1]], [alice[2], other]);
        node.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new RunVerdict(2, new("ok")), await node.Follower.AcceptAsync(ChainRunTests.Call(run)));
        Assert.Equal(
            [$"Message {alice[3].ComputeId()} was pending here, but a block that was fetched back holds another content of the same sender and nonce: the block's counts"],
            Warnings(node));

        // Nothing that was answered is lost but what the leader itself had replaced, and nothing is in two blocks.
        await node.TickAsync();
        var block = node.Ledger.Chain.Tip;
        Assert.Equal(3ul, block.Height);
        Assert.Equal([alice[4].ComputeId(), bob.ComputeId()], LeaderTests.IdsOf(block));
        Assert.Equal(new NonceAnswer(5), await node.Reader.GetNonceAsync(TestKeys.Public("alice").ToArray()));

        // The pool knows the senders anew: by the chain, what was replaced included.
        await AcceptedSoonAsync(node, node.Ledger.Sign("alice", 5, "next"));
        Assert.Equal(
            [new(Duplicate), new(Duplicate, SameContent: true), new(WrongNonce, 6), new(Accepted)],
            (await node.AdmitAsync(
                alice[3], other, node.Ledger.Sign("alice", 7, "a gap"), node.Ledger.Sign("bob", 1, "more"))).Results);
    }

    [Fact]
    public async Task A_message_on_its_way_to_the_disk_when_blocks_come_is_refused_and_not_stored_beside_them()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        await node.AcceptAsync("alice");
        var block = node.Ledger.RunOf([node.Ledger.Chain.GetAllPending()[0].Message, node.Ledger.Sign("alice", 1, "signed before")]);
        node.Ledger.Store.Hold();
        var followed = node.Ledger.Chain.CommitRunAsync(block, withNonces: true);
        await node.Ledger.Store.Reached;

        var admitted = node.AdmitAsync(node.Ledger.Sign("alice", 1, "now"));
        node.Ledger.Store.Release();

        Assert.Equal(CommitOutcome.Committed, (await followed).Outcome);
        Assert.Equal([Unavailable], GrainFixture.Outcomes(await admitted));
        Assert.Equal(0, node.Ledger.Chain.PendingCount);
        await AcceptedSoonAsync(node, node.Ledger.Sign("alice", 2, "next"));
    }

    [Fact]
    public async Task A_message_admitted_by_nonces_that_are_over_is_refused_and_not_stored()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.AcceptAsync("bob");
        var message = node.Ledger.Sign("alice");
        node.Ledger.Store.HoldReads();
        var admitted = node.AdmitAsync(message);
        await node.Ledger.Store.ReadReached;
        await node.Ledger.Chain.CommitRunAsync(node.Ledger.RunOf([node.Ledger.Sign("alice", 0, "signed before")]), withNonces: true);
        node.Ledger.Store.ReleaseReads();

        Assert.Equal([Unavailable], GrainFixture.Outcomes(await admitted));
        Assert.Equal(TestKeys.Public("bob"), Assert.Single(node.Ledger.Chain.GetAllPending()).Message.Sender);
        Assert.Equal([Duplicate], GrainFixture.Outcomes(await node.AdmitAsync(message)));
    }

    // A pool whose epoch is over refuses once, and is up anew for the next.
    private static async Task AcceptedSoonAsync(GrainFixture node, Message message)
    {
        var first = GrainFixture.Outcomes(await node.AdmitAsync(message)).Single();
        Assert.True(first is Accepted or Unavailable, $"{first}");
        Assert.Equal([first == Accepted ? Duplicate : Accepted], GrainFixture.Outcomes(await node.AdmitAsync(message)));
    }

    private static List<Delivery> LostRun(GrainFixture node, int count) =>
        node.Ledger.RunOf([.. Enumerable.Range(0, count).Select(_ => new[] { node.Ledger.Sign("alice") })]);

    private static IEnumerable<string> Warnings(GrainFixture node) =>
        node.Log.Lines.Where(line => line.Level == LogLevel.Warning).Select(line => line.Text);
}
