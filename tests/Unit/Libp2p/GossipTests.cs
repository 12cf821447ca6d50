using System.Collections.Concurrent;
using System.Text;
using Kimura.Libp2p;
using Kimura.Libp2p.Gossip;
using Kimura.Tests.Unit.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

public sealed class GossipTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const string Topic = "blocks";
    private readonly Hosts _hosts = new();

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    [Fact]
    public async Task Message_reaches_every_node_of_a_line_once()
    {
        List<Node> nodes = [];
        for (int i = 0; i < 6; i++)
        {
            nodes.Add(await NodeAsync());
            if (i > 0)
            {
                await nodes[i].Host.ConnectAsync(nodes[i - 1].Host.ListenAddresses[0]);
            }
        }

        await Hosts.UntilAsync(() => nodes.Skip(1).SkipLast(1).All(n => n.Gossip.Describe(Topic).Mesh.Count == 2), "meshes");
        for (int i = 0; i < 20; i++)
        {
            nodes[i % 6].Gossip.Publish(Topic, Encoding.UTF8.GetBytes($"message {i}"));
        }

        await Hosts.UntilAsync(() => nodes.Sum(n => n.Received.Count) == 20 * 5, "every message everywhere");
        Assert.All(nodes, node => Assert.Equal(node.Received.Count, node.Received.Distinct().Count()));
    }

    [Fact]
    public async Task Rejected_messages_are_not_forwarded_and_their_sender_is_dropped_for_them()
    {
        Node bad = await NodeAsync(), judge = await NodeAsync(GossipVerdict.Reject), behind = await NodeAsync();
        await bad.Host.ConnectAsync(judge.Host.ListenAddresses[0]);
        await behind.Host.ConnectAsync(judge.Host.ListenAddresses[0]);
        await Hosts.UntilAsync(() => judge.Gossip.Describe(Topic).Mesh.Count == 2, "mesh");
        for (int i = 0; i < 3; i++)
        {
            bad.Gossip.Publish(Topic, new byte[] { (byte)i });
        }

        await Hosts.UntilAsync(() => judge.Host.Find(bad.Host.Id) is null, "dropped");
        Assert.NotNull(judge.Host.Find(behind.Host.Id));
        Assert.Empty(behind.Received);
    }

    [Fact]
    public async Task Ignored_messages_are_not_forwarded_and_nobody_is_blamed()
    {
        Node source = await NodeAsync(), judge = await NodeAsync(GossipVerdict.Ignore), behind = await NodeAsync();
        await source.Host.ConnectAsync(judge.Host.ListenAddresses[0]);
        await behind.Host.ConnectAsync(judge.Host.ListenAddresses[0]);
        await Hosts.UntilAsync(() => judge.Gossip.Describe(Topic).Mesh.Count == 2, "mesh");
        source.Gossip.Publish(Topic, new byte[] { 1 });
        await Hosts.UntilAsync(() => judge.Received.Count == 1, "judged");
        await source.Host.PingAsync(judge.Host.Id);
        Assert.Empty(behind.Received);
        Assert.True(judge.Gossip.ScoreOf(source.Host.Id) >= 0);
    }

    [Fact]
    public async Task Large_message_arrives_whole_and_a_larger_one_is_refused()
    {
        Node one = await NodeAsync(), other = await NodeAsync();
        await one.Host.ConnectAsync(other.Host.ListenAddresses[0]);
        await Hosts.UntilAsync(() => one.Gossip.Describe(Topic).Subscribed == 1, "subscribed");
        byte[] large = new byte[(1024 * 1024) - 1024];
        Seeds.New(output).NextBytes(large);
        Assert.Equal(1, one.Gossip.Publish(Topic, large));
        Assert.Equal(-1, one.Gossip.Publish(Topic, large));
        await Hosts.UntilAsync(() => other.Received.Count == 1, "arrived");
        Assert.Equal(Convert.ToHexString(large), other.Received.Single());
        Assert.Throws<ArgumentException>(() => one.Gossip.Publish(Topic, new byte[large.Length + 1]));
    }

    private async Task<Node> NodeAsync(GossipVerdict verdict = GossipVerdict.Accept)
    {
        GossipSub? gossip = null;
        ConcurrentQueue<string> received = new();
        Libp2pHost host = await _hosts.StartAsync(host =>
        {
            gossip = new GossipSub(host, new GossipOptions { Heartbeat = TimeSpan.FromMilliseconds(200) });
            gossip.Subscribe(Topic, (message, _) =>
            {
                received.Enqueue(Convert.ToHexString(message.Data.Span));
                return ValueTask.FromResult(verdict);
            });
        });
        return new Node(host, gossip!, received);
    }

    private sealed record Node(Libp2pHost Host, GossipSub Gossip, ConcurrentQueue<string> Received);
}
