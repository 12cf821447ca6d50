using System.Runtime.InteropServices;
using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Gossip;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>What one peer may cost the router and the others.</summary>
public sealed class GossipLimitsTests
{
    private readonly GossipRig _rig = new();

    [Fact]
    public async Task As_many_ids_as_may_be_announced_can_be_asked_for()
    {
        GossipRig.Peer peer = _rig.Add();
        List<MessageKey> ids = [.. Enumerable.Range(0, 5000).Select(i => MessageKey.Of(BitConverter.GetBytes(i)))];
        _rig.Say(peer, rpc => rpc.Have.Add((GossipRig.Topic, ids)));
        Assert.Equal(5000, (await GossipRig.HeardAsync(peer)).SelectMany(rpc => rpc.Want).Sum(want => want.Count));
        _rig.Say(peer, rpc => rpc.Want.Add(ids));
        Assert.Empty(_rig.Dropped);
        Assert.True(_rig.Router.ScoreOf(peer.Id) >= 0);
    }

    [Fact]
    public void Messages_of_one_peer_that_wait_for_judgement_leave_room_for_those_of_others()
    {
        GossipRig.Peer greedy = _rig.Add(), other = _rig.Add();
        List<GossipRouter.Validation> running = [.. _rig.Messages(greedy, 0, 300)];
        Assert.Equal(new GossipOptions().MaxValidationsPerPeer, running.Count);
        running.AddRange(_rig.Messages(other, 1000, 1));
        Assert.Equal(other.Id, running[^1].First.Id);
        for (int i = 0; i < 10; i++)
        {
            running.AddRange(_rig.Messages(_rig.Add(), 2000 + (100 * i), 50));
        }

        Assert.Equal(new GossipOptions().MaxValidations, running.Count);
        running.ForEach(validation => _rig.Router.Judged(validation, GossipVerdict.Ignore));
        Assert.Equal(64, _rig.Messages(greedy, 0, 300).Count(validation => validation.First.Id == greedy.Id));
    }

    [Fact]
    public void Small_message_in_a_large_frame_does_not_keep_the_frame()
    {
        GossipRig.Peer peer = _rig.Add();
        Rpc rpc = new();
        rpc.Messages.Add(new RpcMessage(GossipRig.Topic, new byte[] { 1 }, Signed: false));
        rpc.Messages.Add(new RpcMessage("unknown", new byte[100_000], Signed: false));
        byte[] frame = rpc.ToFrame();
        Assert.True(Uvarint.TryRead(frame, out _, out int size));
        GossipRouter.Validation validation = Assert.Single(_rig.Router.Receive(peer.Id, peer.Outbox, frame.AsMemory(size)));
        Assert.True(MemoryMarshal.TryGetArray(validation.Message.Data, out ArraySegment<byte> kept));
        Assert.Single(kept.Array!);
    }

    [Fact]
    public void Peers_at_one_address_lose_score_beyond_so_many()
    {
        List<GossipRig.Peer> peers = [.. Enumerable.Range(0, 10).Select(_ => _rig.Add("10.1.1.1"))];
        Assert.All(peers, peer => Assert.True(_rig.Router.ScoreOf(peer.Id) >= 0));
        GossipRig.Peer loopback = _rig.Add("127.0.0.1");
        peers.AddRange(Enumerable.Range(0, 3).Select(_ => _rig.Add("10.1.1.1")));
        Assert.All(peers, peer => Assert.InRange(_rig.Router.ScoreOf(peer.Id)!.Value, -45, -40));
        Assert.True(_rig.Router.ScoreOf(loopback.Id) >= 0);
        foreach (GossipRig.Peer peer in peers.Skip(10))
        {
            _rig.Router.RemovePeer(peer.Id, peer.Outbox);
        }

        Assert.All(peers.Take(10), peer => Assert.True(_rig.Router.ScoreOf(peer.Id) >= 0));
    }

    [Fact]
    public async Task Peer_that_reads_nothing_misses_messages_and_is_dropped_once_control_waits_too()
    {
        GossipRig.Peer slow = _rig.Add(queue: 320_000), quick = _rig.Add();
        _ = await GossipRig.HeardAsync(quick);
        int quickGot = 0;
        for (int i = 0; i < 100; i++)
        {
            _rig.Router.Publish(GossipRig.Topic, (byte[])[.. BitConverter.GetBytes(i), .. new byte[100_000]]);
            quickGot += (await GossipRig.HeardAsync(quick)).Sum(rpc => rpc.Messages.Count);
        }

        Assert.Equal(100, quickGot);
        Assert.Equal(3, (await GossipRig.HeardAsync(slow)).Sum(rpc => rpc.Messages.Count));
        Assert.Empty(_rig.Dropped);
        for (int i = 0; i < 3; i++)
        {
            List<MessageKey> ids = [.. Enumerable.Range(0, 5000).Select(n => MessageKey.Of([(byte)i, .. BitConverter.GetBytes(n)]))];
            _rig.Say(slow, rpc => rpc.Have.Add((GossipRig.Topic, ids)));
            _rig.Clock.Advance(TimeSpan.FromSeconds(1));
            _rig.Router.Heartbeat();
        }

        Assert.Contains(slow.Id, _rig.Dropped);
        Assert.DoesNotContain(quick.Id, _rig.Dropped);
    }

    [Theory]
    [InlineData("subscriptions")]
    [InlineData("grafts")]
    [InlineData("prunes")]
    [InlineData("haves")]
    [InlineData("wants")]
    public void Flood_of_control_messages_has_its_peer_dropped_and_no_other(string kind)
    {
        GossipRig.Peer bad = _rig.Add(), good = _rig.Add();
        for (int i = 0; i < 10 && _rig.Dropped.Count == 0; i++)
        {
            _rig.Say(bad, rpc =>
            {
                for (int n = 0; n < 4500; n++)
                {
                    switch (kind)
                    {
                        case "subscriptions":
                            rpc.Subscriptions.Add((n % 2 == 0, n % 3 == 0 ? GossipRig.Topic : $"other {n}"));
                            break;
                        case "grafts":
                            rpc.Graft.Add(n % 2 == 0 ? GossipRig.Topic : "other");
                            break;
                        case "prunes":
                            rpc.Prune.Add((GossipRig.Topic, 1));
                            break;
                        case "haves":
                            rpc.Have.Add((GossipRig.Topic, []));
                            break;
                        default:
                            rpc.Want.Add([]);
                            break;
                    }
                }
            });
        }

        Assert.Equal([bad.Id], _rig.Dropped);
        Assert.True(_rig.Router.ScoreOf(good.Id) >= 0);
    }
}
