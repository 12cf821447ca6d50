using Kimura.Libp2p.Encodings;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>A router with one topic and a clock that stands still until it is moved; its peers are the test's.</summary>
internal sealed class GossipRig
{
    public const string Topic = "t";

    public GossipRig()
    {
        Random random = new(1);
        Router = new GossipRouter(new GossipOptions(), Clock, span => random.NextBytes(span), Dropped.Add);
        Router.Join(Topic, (_, _) => ValueTask.FromResult(GossipVerdict.Accept));
    }

    public GossipRouter Router { get; }

    public ManualTimeProvider Clock { get; } = new();

    public List<PeerId> Dropped { get; } = [];

    /// <summary>Peers added so far.</summary>
    public int Added { get; private set; }

    /// <summary>All that waits for a peer.</summary>
    public static async Task<List<Rpc>> HeardAsync(Peer peer)
    {
        List<Rpc> heard = [];
        Assert.True(peer.Outbox.TryMessage([0]));
        while (await peer.Outbox.NextAsync(CancellationToken.None) is { Length: > 1 } frame)
        {
            Assert.True(Uvarint.TryRead(frame, out _, out int size));
            heard.Add(RpcDecoder.TryDecode(frame.AsMemory(size))!);
        }

        return heard;
    }

    public int NextNumber() => ++Added;

    /// <summary>A peer that is subscribed to the topic.</summary>
    public Peer Add(string? address = null, int queue = 1024 * 1024)
    {
        Peer peer = new(Hosts.NewIdentity().Id, new PeerOutbox(queue));
        int number = NextNumber();
        Assert.True(Router.AddPeer(new(peer.Id, Outbound: false, address ?? $"10.0.0.{number}", peer.Outbox, number)));
        Say(peer, rpc => rpc.Subscriptions.Add((true, Topic)));
        return peer;
    }

    public void Say(Peer peer, Action<Rpc> what)
    {
        Rpc rpc = new();
        what(rpc);
        _ = Receive(peer, rpc);
    }

    /// <summary>So many messages, each of its own number; those that are to be judged come back.</summary>
    public IReadOnlyList<GossipRouter.Validation> Messages(Peer peer, int first, int count)
    {
        Rpc rpc = new();
        rpc.Messages.AddRange(Enumerable.Range(first, count).Select(i => new RpcMessage(Topic, BitConverter.GetBytes(i), Signed: false)));
        return Receive(peer, rpc);
    }

    public IReadOnlyList<GossipRouter.Validation> Receive(Peer peer, Rpc rpc)
    {
        byte[] frame = rpc.ToFrame();
        Assert.True(Uvarint.TryRead(frame, out _, out int size));
        return Router.Receive(peer.Id, peer.Outbox, frame.AsMemory(size));
    }

    /// <summary>A peer, and what goes to it.</summary>
    public sealed record Peer(PeerId Id, PeerOutbox Outbox);
}
