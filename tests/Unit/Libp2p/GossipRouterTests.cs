using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>The router's rules, with a clock that stands still until it is moved.</summary>
public sealed class GossipRouterTests
{
    private const string Topic = "t";
    private readonly Clock _clock = new();
    private readonly List<PeerId> _dropped = [];
    private readonly GossipRouter _router;
    private int _added;

    public GossipRouterTests()
    {
        Random random = new(1);
        _router = new GossipRouter(new GossipOptions(), _clock, span => random.NextBytes(span), _dropped.Add);
        _router.Join(Topic, (_, _) => ValueTask.FromResult(GossipVerdict.Accept));
    }

    [Fact]
    public async Task Mesh_stays_between_its_bounds_and_those_let_go_are_told_for_how_long()
    {
        List<Peer> peers = [.. Enumerable.Range(0, 20).Select(_ => Add())];
        Assert.Equal(6, _router.Describe(Topic).Mesh.Count);
        foreach (Peer peer in peers)
        {
            Say(peer, rpc => rpc.Graft.Add(Topic));
        }

        Assert.Equal(12, _router.Describe(Topic).Mesh.Count);
        Peer refused = peers.First(peer => !_router.Describe(Topic).Mesh.Contains(peer.Id));
        Assert.Contains((Topic, 60ul), (await HeardAsync(refused)).SelectMany(rpc => rpc.Prune));
        foreach (PeerId id in _router.Describe(Topic).Mesh.Take(9))
        {
            Say(peers.Find(peer => peer.Id == id)!, rpc => rpc.Prune.Add((Topic, 60)));
        }

        Assert.Equal(3, _router.Describe(Topic).Mesh.Count);
        _router.Heartbeat();
        Assert.Equal(3, _router.Describe(Topic).Mesh.Count);
        _clock.Now += TimeSpan.FromSeconds(62);
        _router.Heartbeat();
        Assert.Equal(6, _router.Describe(Topic).Mesh.Count);
    }

    [Fact]
    public void Backoff_that_a_peer_asks_for_is_cut_and_grafting_within_one_costs_score()
    {
        Peer peer = Add();
        Say(peer, rpc => rpc.Prune.Add((Topic, ulong.MaxValue)));
        Assert.Empty(_router.Describe(Topic).Mesh);
        Say(peer, rpc => rpc.Graft.Add(Topic));
        Assert.Empty(_router.Describe(Topic).Mesh);
        Assert.True(_router.ScoreOf(peer.Id) <= -40);
        for (int i = 0; i < 30; i++)
        {
            _clock.Now += TimeSpan.FromSeconds(30);
            _router.Heartbeat();
        }

        Assert.Single(_router.Describe(Topic).Mesh);
    }

    [Fact]
    public async Task Announced_message_is_asked_for_and_a_broken_promise_costs_score()
    {
        Peer peer = Add();
        MessageKey key = MessageKey.Of([1]);
        Say(peer, rpc => rpc.Have.Add((Topic, [key])));
        Assert.Contains(key, (await HeardAsync(peer)).SelectMany(rpc => rpc.Want).SelectMany(ids => ids));
        _clock.Now += TimeSpan.FromSeconds(4);
        _router.Heartbeat();
        Assert.True(_router.ScoreOf(peer.Id) < -5);
    }

    [Fact]
    public async Task Message_is_given_to_a_peer_that_asks_three_times_only()
    {
        Peer peer = Add();
        byte[] data = [1, 2, 3];
        _router.Publish(Topic, data);
        _ = await HeardAsync(peer);
        for (int i = 0; i < 5; i++)
        {
            Say(peer, rpc => rpc.Want.Add([MessageKey.Of(data)]));
        }

        Assert.Equal(3, (await HeardAsync(peer)).Sum(rpc => rpc.Messages.Count));
    }

    [Fact]
    public void Signed_messages_are_refused_and_their_sender_dropped()
    {
        Peer peer = Add();
        byte[] signed = new ProtoWriter().Message(2, new ProtoWriter().Bytes(1, [1]).Bytes(2, [2]).Text(4, Topic)).ToArray();
        for (int i = 0; i < 3; i++)
        {
            Assert.Empty(_router.Receive(peer.Id, peer.Outbox, signed));
        }

        Assert.Contains(peer.Id, _dropped);
    }

    private static async Task<List<Rpc>> HeardAsync(Peer peer)
    {
        List<Rpc> heard = [];
        peer.Outbox.TryMessage([0]);
        while (await peer.Outbox.NextAsync(CancellationToken.None) is { Length: > 1 } frame)
        {
            Assert.True(Uvarint.TryRead(frame, out _, out int size));
            heard.Add(RpcDecoder.TryDecode(frame.AsMemory(size))!);
        }

        return heard;
    }

    private Peer Add()
    {
        Peer peer = new(Hosts.NewIdentity().Id, new PeerOutbox(1024 * 1024));
        Assert.True(_router.AddPeer(new(peer.Id, Outbound: false, $"10.0.0.{++_added}", peer.Outbox, _added)));
        Say(peer, rpc => rpc.Subscriptions.Add((true, Topic)));
        return peer;
    }

    private void Say(Peer peer, Action<Rpc> what)
    {
        Rpc rpc = new();
        what(rpc);
        byte[] frame = rpc.ToFrame();
        Assert.True(Uvarint.TryRead(frame, out _, out int size));
        _ = _router.Receive(peer.Id, peer.Outbox, frame.AsMemory(size));
    }

    private sealed record Peer(PeerId Id, PeerOutbox Outbox);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
