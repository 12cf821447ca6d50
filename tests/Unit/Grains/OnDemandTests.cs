using Kimura.Chain.Verification;
using Kimura.Interfaces;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;
using static Kimura.Tests.Unit.Grains.ChainRunTests;

namespace Kimura.Tests.Unit.Grains;

/// <summary>A node with <c>bodies = on-demand</c>: lists first, messages when somebody asks, and all of them when it is made a full one.</summary>
public sealed class OnDemandTests
{
    private static readonly BlockVerdict Ok = new("ok");

    private readonly BodyShelf _shelf = new();

    [Fact]
    public async Task Lists_are_stored_without_bodies_and_prove_messages_all_the_same()
    {
        await using var full = await PeerAsync();
        await using var peer = await PeerAsync();
        var run = RunOf(full, 3);
        await full.Follower.AcceptAsync(Call(run));

        Assert.Equal(new RunVerdict(3, Ok), await peer.Follower.AcceptListsAsync(Lists(run)));
        Assert.Equal(new RunVerdict(3, Ok), await peer.Follower.AcceptListsAsync(Lists(run)));

        Assert.Equal(0ul, peer.Ledger.Chain.BodiesHeight);
        Assert.True((await peer.Reader.GetStatusAsync()).LacksMessages);
        Assert.False((await full.Reader.GetStatusAsync()).LacksMessages);
        var id = run[1].Block.IdAt(2).Value.ToArray();
        var (mine, theirs) = ((await peer.Reader.GetProofAsync(id))!, (await full.Reader.GetProofAsync(id))!);
        Assert.Equal(theirs.MessageHash.ToArray(), mine.MessageHash.ToArray());
        Assert.Equal(theirs.Path.ToArray(), mine.Path.ToArray());
        Assert.Equal(theirs.Header.ToArray(), mine.Header.ToArray());
    }

    [Fact]
    public async Task An_id_that_stands_in_another_block_or_twice_in_one_is_a_bad_message_without_bodies_too()
    {
        await using var peer = await PeerAsync();
        var (one, two, three) = (peer.Ledger.Sign("alice"), peer.Ledger.Sign("alice"), peer.Ledger.Sign("alice"));
        await peer.Follower.AcceptListsAsync(Lists(peer.Ledger.RunOf([one])));

        Assert.Equal(new RunVerdict(0, new("bad_message", 1)), await peer.Follower.AcceptListsAsync(Lists(peer.Ledger.RunOf([two, one]))));
        Assert.Equal(new RunVerdict(0, new("bad_message", 1)), await peer.Follower.AcceptListsAsync(Lists(peer.Ledger.RunOf([two, two]))));
        Assert.Equal(new RunVerdict(1, new("bad_message", 1)), await peer.Follower.AcceptListsAsync(Lists(peer.Ledger.RunOf([two], [three, two]))));
        Assert.Equal(2ul, peer.Ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task A_message_is_fetched_when_asked_for_checked_and_kept()
    {
        await using var peer = await PeerAsync(new NodeShape { Bodies = _shelf });
        var run = RunOf(peer, 1);
        await peer.Follower.AcceptListsAsync(Lists(run));
        var (id, message) = (run[0].Block.IdAt(1), run[0].Bodies![1]);

        Assert.Equal(new MessageAnswer(null, IsUnreachable: true), await peer.Reader.GetMessageAsync(id.Value.ToArray()));
        _shelf.Bodies[id] = peer.Ledger.Sign("bob", message.Nonce, "substituted").Encoding.ToArray();
        Assert.Equal(new MessageAnswer(null, IsUnreachable: true), await peer.Reader.GetMessageAsync(id.Value.ToArray()));
        Assert.False((await peer.Ledger.Chain.GetMessageAsync(id))!.Value.HasBody);

        _shelf.Bodies[id] = message.Encoding.ToArray();
        for (var i = 0; i < 2; i++)
        {
            var record = (await peer.Reader.GetMessageAsync(id.Value.ToArray())).Record!;
            Assert.Equal(message.Encoding.ToArray(), record.Encoding.ToArray());
            Assert.Equal((true, 1ul, 1), (record.IsConfirmed, record.Height, record.Index));
        }

        Assert.Equal(Enumerable.Repeat((1ul, 1, id), 3), _shelf.Asked);
    }

    [Fact]
    public async Task A_blocks_messages_are_fetched_or_the_answer_says_that_they_cannot_be()
    {
        await using var peer = await PeerAsync(new NodeShape { Bodies = _shelf });
        var messages = Enumerable.Range(0, 40).Select(i => peer.Ledger.Sign(i % 2 == 0 ? "alice" : "bob", $"message {i}")).ToArray();
        await peer.Follower.AcceptListsAsync(Lists(peer.Ledger.RunOf(messages)));
        foreach (var message in messages)
        {
            _shelf.Bodies[message.ComputeId()] = message.Encoding.ToArray();
        }

        _shelf.Bodies.Remove(messages[33].ComputeId());
        var without = (await peer.Reader.GetBlockAsync(1, withMessages: true))!;
        Assert.True(without.AreMessagesUnreachable);
        Assert.True(without.Messages.IsEmpty);
        Assert.False((await peer.Reader.GetBlockAsync(1, withMessages: false))!.AreMessagesUnreachable);

        _shelf.Bodies[messages[33].ComputeId()] = messages[33].Encoding.ToArray();
        var whole = await peer.Reader.GetLatestBlockAsync(withMessages: true);
        Assert.False(whole.AreMessagesUnreachable);
        Assert.Equal(GrainFixture.Encode(messages), whole.Messages.ToArray());

        // All of them once, and the one that was not to be had once more.
        Assert.Equal(41, _shelf.Asked.Count);
    }

    [Fact]
    public async Task A_senders_messages_come_up_to_the_one_that_cannot_be_fetched_and_say_so()
    {
        await using var peer = await PeerAsync(new NodeShape { Bodies = _shelf });
        var messages = Enumerable.Range(0, 3).Select(_ => peer.Ledger.Sign("alice")).ToArray();
        await peer.Follower.AcceptListsAsync(Lists(peer.Ledger.RunOf(messages)));
        _shelf.Bodies[messages[0].ComputeId()] = messages[0].Encoding.ToArray();
        var alice = TestKeys.Public("alice").ToArray();

        var answer = await peer.Reader.GetMessagesAsync(alice, 0, 10);
        Assert.True(answer.IsUnreachable);
        Assert.Equal(messages[0].Encoding.ToArray(), Assert.Single(answer.Records).Encoding.ToArray());
        Assert.False((await peer.Reader.GetMessagesAsync(alice, 0, 1)).IsUnreachable);
        Assert.False((await peer.Reader.GetMessagesAsync(alice, 3, 10)).IsUnreachable);
    }

    [Fact]
    public async Task A_message_fetched_by_the_network_is_kept_if_it_is_the_one_listed()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 1);
        await peer.Follower.AcceptListsAsync(Lists(run));
        var id = run[0].Block.IdAt(0).Value.ToArray();

        Assert.False(await peer.Follower.KeepBodyAsync(id, run[0].Bodies![1].Encoding));
        Assert.Null((await peer.Reader.GetMessageAsync(id)).Record);
        Assert.True(await peer.Follower.KeepBodyAsync(id, run[0].Bodies![0].Encoding));
        Assert.NotNull((await peer.Reader.GetMessageAsync(id)).Record);
    }

    [Fact]
    public async Task Made_a_full_node_it_completes_its_blocks_from_the_lowest_on_and_holds_what_a_full_one_does()
    {
        await using var full = await PeerAsync();
        await using var peer = await PeerAsync();
        var run = full.Ledger.RunOf(
            [full.Ledger.Sign("alice")], [full.Ledger.Sign("bob"), full.Ledger.Sign("alice")], [], [full.Ledger.Sign("bob")], [full.Ledger.Sign("alice")], [full.Ledger.Sign("carol")]);
        await full.Follower.AcceptAsync(Call(run));
        await peer.Follower.AcceptAsync(Call(run[..1]));
        await peer.Follower.AcceptListsAsync(Lists(run[1..5]));

        // A new block comes with its messages meanwhile, and one of the old ones was fetched before.
        Assert.Equal(new RunVerdict(1, Ok), await peer.Follower.AcceptAsync(Call(run[5..])));
        Assert.True(await peer.Follower.KeepBodyAsync(run[3].Block.IdAt(0).Value.ToArray(), run[3].Bodies![0].Encoding));

        Assert.Equal(new BodiesVerdict(new("duplicate"), 1), await CompleteAsync(peer, run[0]));
        Assert.Equal(new BodiesVerdict(new("gap"), 1), await CompleteAsync(peer, run[2]));
        Assert.Equal(new BodiesVerdict(new("gap"), 1), await peer.Follower.AcceptBodiesAsync(7, default));
        Assert.Equal(new BodiesVerdict(new("bad_message", 1), 1, WrongDelivery: true), await peer.Follower.AcceptBodiesAsync(2, run[1].Bodies![0].Encoding));
        Assert.Equal(
            new BodiesVerdict(new("bad_message", 0), 1, WrongDelivery: true),
            await peer.Follower.AcceptBodiesAsync(2, GrainFixture.Encode([run[1].Bodies![1], run[1].Bodies![0]])));

        // With block 2 the empty third is complete, and the fourth whose message is there.
        Assert.Equal(new BodiesVerdict(Ok, 4), await CompleteAsync(peer, run[1]));
        Assert.Equal(new BodiesVerdict(Ok, null), await CompleteAsync(peer, run[4]));
        Assert.Equal(new BodiesVerdict(new("duplicate"), null), await CompleteAsync(peer, run[4]));
        Assert.Equal(new BodiesVerdict(new("gap"), null), await peer.Follower.AcceptBodiesAsync(9, default));
        foreach (var family in (Family[])[Family.Blocks, Family.Messages, Family.Metadata])
        {
            Assert.Equal(await full.Ledger.DumpAsync(family), await peer.Ledger.DumpAsync(family));
        }
    }

    [Fact]
    public async Task A_producers_bad_message_shows_when_the_block_is_completed()
    {
        await using var peer = await PeerAsync();
        await peer.Follower.AcceptListsAsync(Lists(peer.Ledger.RunOf([peer.Ledger.Sign("alice", 0, "first")], [peer.Ledger.Sign("alice", 2, "a gap")], [])));

        Assert.Equal(new BodiesVerdict(Ok, 1), await peer.Follower.AcceptBodiesAsync(1, peer.Ledger.Sign("alice", 0, "first").Encoding));
        Assert.Equal(new BodiesVerdict(new("bad_nonce", 0), 1), await peer.Follower.AcceptBodiesAsync(2, peer.Ledger.Sign("alice", 2, "a gap").Encoding));
    }

    [Fact]
    public async Task Of_two_that_complete_one_block_at_once_the_second_is_a_duplicate()
    {
        await using var peer = await PeerAsync();
        var run = RunOf(peer, 2);
        await peer.Follower.AcceptListsAsync(Lists(run));
        peer.Ledger.Store.Hold();
        var first = CompleteAsync(peer, run[0]);
        await peer.Ledger.Store.Reached;
        var second = CompleteAsync(peer, run[0]);
        await peer.Follower.CheckAsync(run[0].Block.Encoding);
        peer.Ledger.Store.Release();

        Assert.Equal(new BodiesVerdict(Ok, 1), await first);
        Assert.Equal(new BodiesVerdict(new("duplicate"), 1), await second);
    }

    [Fact]
    public async Task A_block_that_vanished_is_damage_and_not_a_missing_message()
    {
        await using var peer = await PeerAsync(new NodeShape { Bodies = _shelf });
        var run = RunOf(peer, 1);
        await peer.Follower.AcceptListsAsync(Lists(run));
        var id = run[0].Block.IdAt(0);
        await peer.Ledger.PutAsync(Family.Messages, [.. Bytes.Ascii("msg:"), .. id.Value.ToArray()], null);

        var damage = await Assert.ThrowsAsync<DamagedDataException>(() => peer.Reader.GetBlockAsync(1, withMessages: true));
        Assert.Equal($"message {id}, which block 1 lists at 0, is missing", damage.Message);
    }

    private static Task<BodiesVerdict> CompleteAsync(GrainFixture peer, Delivery delivery) =>
        peer.Follower.AcceptBodiesAsync(delivery.Block.Height, GrainFixture.Encode(delivery.Bodies!));

    private static BlockRun Lists(IEnumerable<Delivery> run) => Call(run.Select(delivery => delivery with { Bodies = null }));
}
