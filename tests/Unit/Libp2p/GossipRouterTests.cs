using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>The router's rules.</summary>
public sealed class GossipRouterTests
{
    private readonly GossipRig _rig = new();

    [Fact]
    public async Task Mesh_stays_between_its_bounds_and_those_let_go_are_told_for_how_long()
    {
        List<GossipRig.Peer> peers = [.. Enumerable.Range(0, 20).Select(_ => _rig.Add())];
        Assert.Equal(6, _rig.Router.Describe(GossipRig.Topic).Mesh.Count);
        foreach (GossipRig.Peer peer in peers)
        {
            _rig.Say(peer, rpc => rpc.Graft.Add(GossipRig.Topic));
        }

        Assert.Equal(12, _rig.Router.Describe(GossipRig.Topic).Mesh.Count);
        GossipRig.Peer refused = peers.First(peer => !_rig.Router.Describe(GossipRig.Topic).Mesh.Contains(peer.Id));
        Assert.Contains((GossipRig.Topic, 60ul), (await GossipRig.HeardAsync(refused)).SelectMany(rpc => rpc.Prune));
        foreach (PeerId id in _rig.Router.Describe(GossipRig.Topic).Mesh.Take(9))
        {
            _rig.Say(peers.Find(peer => peer.Id == id)!, rpc => rpc.Prune.Add((GossipRig.Topic, 60)));
        }

        Assert.Equal(3, _rig.Router.Describe(GossipRig.Topic).Mesh.Count);
        _rig.Router.Heartbeat();
        Assert.Equal(3, _rig.Router.Describe(GossipRig.Topic).Mesh.Count);
        _rig.Clock.Advance(TimeSpan.FromSeconds(62));
        _rig.Router.Heartbeat();
        Assert.Equal(6, _rig.Router.Describe(GossipRig.Topic).Mesh.Count);
    }

    [Fact]
    public void Backoff_that_a_peer_asks_for_is_cut_and_grafting_within_one_costs_score()
    {
        GossipRig.Peer peer = _rig.Add();
        _rig.Say(peer, rpc => rpc.Prune.Add((GossipRig.Topic, ulong.MaxValue)));
        Assert.Empty(_rig.Router.Describe(GossipRig.Topic).Mesh);
        _rig.Say(peer, rpc => rpc.Graft.Add(GossipRig.Topic));
        Assert.Empty(_rig.Router.Describe(GossipRig.Topic).Mesh);
        Assert.True(_rig.Router.ScoreOf(peer.Id) <= -40);
        for (int i = 0; i < 30; i++)
        {
            _rig.Clock.Advance(TimeSpan.FromSeconds(30));
            _rig.Router.Heartbeat();
        }

        Assert.Single(_rig.Router.Describe(GossipRig.Topic).Mesh);
    }

    [Fact]
    public void Peer_that_was_started_anew_may_graft_within_the_backoff_of_the_one_before_and_then_no_more()
    {
        GossipRig.Peer peer = _rig.Add();
        for (int restart = 0; restart < 5; restart++)
        {
            // As a process that ends in order.
            _rig.Say(peer, rpc => rpc.Prune.Add((GossipRig.Topic, 10)));
            peer = Restarted(peer);
            Assert.Empty(_rig.Router.Describe(GossipRig.Topic).Mesh);
            _rig.Say(peer, rpc => rpc.Graft.Add(GossipRig.Topic));
            Assert.Single(_rig.Router.Describe(GossipRig.Topic).Mesh);
            Assert.Equal(0, _rig.Router.ScoreOf(peer.Id));
        }

        _rig.Say(peer, rpc => rpc.Prune.Add((GossipRig.Topic, 10)));
        _rig.Say(peer, rpc => rpc.Graft.Add(GossipRig.Topic));
        Assert.Empty(_rig.Router.Describe(GossipRig.Topic).Mesh);
        Assert.True(_rig.Router.ScoreOf(peer.Id) <= -40);
    }

    [Fact]
    public void Peer_that_was_dropped_is_not_rid_of_its_score_by_leaving_but_by_time()
    {
        GossipRig.Peer peer = _rig.Add();
        _rig.Say(peer, rpc => rpc.Prune.Add((GossipRig.Topic, 10)));
        for (int i = 0; i < 3; i++)
        {
            _rig.Say(peer, rpc => rpc.Graft.Add(GossipRig.Topic));
        }

        Assert.Equal([peer.Id], _rig.Dropped);
        peer = Restarted(peer);
        Assert.Equal([peer.Id, peer.Id], _rig.Dropped);
        _rig.Router.RemovePeer(peer.Id, peer.Outbox);
        for (int i = 0; i < 30; i++)
        {
            _rig.Clock.Advance(TimeSpan.FromSeconds(1));
            _rig.Router.Heartbeat();
        }

        peer = Restarted(peer);
        Assert.Equal(2, _rig.Dropped.Count);
        Assert.Equal(0, _rig.Router.ScoreOf(peer.Id));
    }

    [Fact]
    public void Promises_end_with_the_connection()
    {
        GossipRig.Peer peer = _rig.Add();
        _rig.Say(peer, rpc => rpc.Have.Add((GossipRig.Topic, [MessageKey.Of([1])])));
        peer = Restarted(peer);
        _rig.Clock.Advance(TimeSpan.FromSeconds(4));
        _rig.Router.Heartbeat();
        Assert.True(_rig.Router.ScoreOf(peer.Id) >= 0);
    }

    [Fact]
    public async Task Announced_message_is_asked_for_and_a_broken_promise_costs_score()
    {
        GossipRig.Peer peer = _rig.Add();
        MessageKey key = MessageKey.Of([1]);
        _rig.Say(peer, rpc => rpc.Have.Add((GossipRig.Topic, [key])));
        Assert.Contains(key, (await GossipRig.HeardAsync(peer)).SelectMany(rpc => rpc.Want).SelectMany(ids => ids));
        _rig.Clock.Advance(TimeSpan.FromSeconds(4));
        _rig.Router.Heartbeat();
        Assert.True(_rig.Router.ScoreOf(peer.Id) < -5);
    }

    [Fact]
    public async Task Message_is_given_to_a_peer_that_asks_three_times_only()
    {
        GossipRig.Peer peer = _rig.Add();
        byte[] data = [1, 2, 3];
        _rig.Router.Publish(GossipRig.Topic, data);
        _ = await GossipRig.HeardAsync(peer);
        for (int i = 0; i < 5; i++)
        {
            _rig.Say(peer, rpc => rpc.Want.Add([MessageKey.Of(data)]));
        }

        Assert.Equal(3, (await GossipRig.HeardAsync(peer)).Sum(rpc => rpc.Messages.Count));
    }

    [Fact]
    public void Signed_messages_are_refused_and_their_sender_dropped()
    {
        GossipRig.Peer peer = _rig.Add();
        byte[] signed = new ProtoWriter().Message(2, new ProtoWriter().Bytes(1, [1]).Bytes(2, [2]).Text(4, GossipRig.Topic)).ToArray();
        for (int i = 0; i < 3; i++)
        {
            Assert.Empty(_rig.Router.Receive(peer.Id, peer.Outbox, signed));
        }

        Assert.Contains(peer.Id, _rig.Dropped);
    }

    [Fact]
    public async Task Newer_connection_takes_over_and_the_older_one_is_not_heard_any_more()
    {
        GossipRig.Peer old = _rig.Add();
        Assert.Single(_rig.Router.Describe(GossipRig.Topic).Mesh);
        GossipRig.Peer newer = old with { Outbox = new PeerOutbox(1024 * 1024) };
        Assert.True(_rig.Router.AddPeer(new(newer.Id, Outbound: true, "10.0.0.9", newer.Outbox, _rig.NextNumber())));
        Assert.Equal((0, 0), (_rig.Router.Describe(GossipRig.Topic).Subscribed, _rig.Router.Describe(GossipRig.Topic).Mesh.Count));
        Assert.Null(await old.Outbox.NextAsync(CancellationToken.None));
        _rig.Say(old, rpc => rpc.Subscriptions.Add((true, GossipRig.Topic)));
        Assert.Equal(0, _rig.Router.Describe(GossipRig.Topic).Subscribed);
        Assert.False(_rig.Router.AddPeer(new(old.Id, Outbound: true, "10.0.0.9", old.Outbox, 1)));
        _rig.Say(newer, rpc => rpc.Subscriptions.Add((true, GossipRig.Topic)));
        _rig.Router.RemovePeer(old.Id, old.Outbox);
        Assert.Single(_rig.Router.Describe(GossipRig.Topic).Mesh);
        List<Rpc> heard = await GossipRig.HeardAsync(newer);
        Assert.Contains((true, GossipRig.Topic), heard[0].Subscriptions);
        Assert.Contains(GossipRig.Topic, heard.SelectMany(rpc => rpc.Graft));
    }

    /// <summary>The same peer on a new connection, subscribed again.</summary>
    private GossipRig.Peer Restarted(GossipRig.Peer peer)
    {
        _rig.Router.RemovePeer(peer.Id, peer.Outbox);
        GossipRig.Peer anew = peer with { Outbox = new PeerOutbox(1024 * 1024) };
        Assert.True(_rig.Router.AddPeer(new(anew.Id, Outbound: false, "10.0.0.1", anew.Outbox, _rig.NextNumber())));
        _rig.Say(anew, rpc => rpc.Subscriptions.Add((true, GossipRig.Topic)));
        return anew;
    }
}
