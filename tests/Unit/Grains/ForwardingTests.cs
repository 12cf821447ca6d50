using Kimura.Chain.Messages;
using Kimura.Interfaces;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;
using static Kimura.Interfaces.SubmissionOutcome;

namespace Kimura.Tests.Unit.Grains;

/// <summary>A node that follows a leader elsewhere: it hands submissions on, and asks what only the leader knows.</summary>
public sealed class ForwardingTests
{
    [Fact]
    public async Task Valid_messages_go_to_the_leader_and_its_durable_answer_comes_back()
    {
        await using var leader = await GrainFixture.CreateAsync();
        var wire = new LeaderWire(leader);
        await using var peer = await GrainFixture.CreateAsync(new NodeShape { Silos = [false], Link = wire });
        var forged = leader.Ledger.Sign("bob", 0, "forged").Encoding.ToArray();
        forged[Message.HeaderSize] ^= 1;
        Message.TryDecode(forged, 100, out var bad);
        Message[] messages = [leader.Ledger.Sign("alice"), bad, leader.Ledger.Sign("carol", 1, "a gap"), leader.Ledger.Sign("alice")];

        var results = await peer.SubmitAsync(messages);

        Assert.Equal([new(Accepted), new(InvalidSignature), new(WrongNonce), new(Accepted)], results.Results);
        Assert.Equal(GrainFixture.Ids(messages), results.Ids.ToArray());
        Assert.Equal(2, leader.Ledger.Chain.PendingCount);
        Assert.Equal(0, peer.Ledger.Chain.PendingCount);
        Assert.Equal(3, Assert.Single(wire.Batches).Count);
        Assert.Equal([InvalidSignature], GrainFixture.Outcomes(await peer.SubmitAsync(bad)));
        Assert.Single(wire.Batches);
    }

    [Fact]
    public async Task Where_the_leader_cannot_be_reached_nothing_is_taken_and_nothing_made_up()
    {
        await using var leader = await GrainFixture.CreateAsync();
        var message = await leader.AcceptAsync("alice");
        var wire = new LeaderWire(leader) { IsCut = true };
        await using var peer = await GrainFixture.CreateAsync(new NodeShape { Silos = [false], Link = wire });
        var id = message.ComputeId().Value.ToArray();
        var alice = TestKeys.Public("alice").ToArray();

        Assert.Equal([Unavailable], GrainFixture.Outcomes(await peer.SubmitAsync(message)));
        Assert.True((await peer.Reader.GetNonceAsync(alice)).IsUnreachable);
        Assert.Equal(new MessageAnswer(null, IsUnreachable: true), await peer.Reader.GetMessageAsync(id));

        wire.IsCut = false;
        Assert.Equal([Duplicate], GrainFixture.Outcomes(await peer.SubmitAsync(message)));
        Assert.Equal(new NonceAnswer(1), await peer.Reader.GetNonceAsync(alice));
        var pending = (await peer.Reader.GetMessageAsync(id)).Record!;
        Assert.False(pending.IsConfirmed);
        Assert.Equal((await leader.Reader.GetMessageAsync(id)).Record!.Encoding.ToArray(), pending.Encoding.ToArray());
        Assert.Equal(new MessageAnswer(null), await peer.Reader.GetMessageAsync(new byte[32]));
    }

    [Fact]
    public async Task What_the_leader_gives_for_a_message_must_be_that_message_and_signed()
    {
        await using var leader = await GrainFixture.CreateAsync();
        var message = await leader.AcceptAsync("alice");
        var wire = new LeaderWire(leader);
        await using var peer = await GrainFixture.CreateAsync(new NodeShape { Silos = [false], Link = wire });
        var changed = message.Encoding.ToArray();
        changed[^1] ^= 1;
        byte[][] wrong = [changed, message.Encoding.ToArray()[..^1], [], leader.Ledger.Sign("bob").Encoding.ToArray()];

        foreach (var bytes in wrong)
        {
            wire.Substitute = bytes;
            Assert.Equal(new MessageAnswer(null, IsUnreachable: true), await peer.Reader.GetMessageAsync(message.ComputeId().Value.ToArray()));
        }
    }

    [Fact]
    public async Task What_the_node_has_itself_is_not_asked_of_the_leader()
    {
        await using var leader = await GrainFixture.CreateAsync();
        await using var peer = await ChainRunTests.PeerAsync(new NodeShape { Link = new LeaderWire(leader) { IsCut = true } });
        var run = ChainRunTests.RunOf(peer, 1);
        await peer.Follower.AcceptAsync(ChainRunTests.Call(run));

        Assert.True((await peer.Reader.GetMessageAsync(run[0].Block.IdAt(0).Value.ToArray())).Record!.IsConfirmed);
        Assert.False((await peer.Reader.GetMessagesAsync(TestKeys.Public("alice").ToArray(), 0, 10)).IsUnreachable);
    }

    [Fact]
    public async Task The_status_takes_peers_target_and_syncing_from_the_network()
    {
        foreach (var (view, target) in ((NetworkView, ulong)[])[(new(3, 9, true), 9), (new(1, 0, false), 1)])
        {
            await using var peer = await ChainRunTests.PeerAsync(new NodeShape { Network = view });
            await peer.Follower.AcceptAsync(ChainRunTests.Call(ChainRunTests.RunOf(peer, 1)));

            var status = await peer.Reader.GetStatusAsync();

            Assert.Equal((view.Peers, target, view.IsSyncing), (status.Peers, status.TargetHeight, status.IsSyncing));
        }
    }
}
