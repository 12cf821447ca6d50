using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Kimura.Libp2p;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Transports;
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

    /// <summary>Only grafting on subscription can make these meshes: no heartbeat comes in the test's time.</summary>
    [Fact]
    public async Task Line_of_eight_forwards_promptly_without_any_heartbeat()
    {
        GossipOptions options = new() { Heartbeat = TimeSpan.FromHours(1) };
        List<Node> nodes = [];
        for (int i = 0; i < 8; i++)
        {
            nodes.Add(await NodeAsync(options: options));
        }

        for (int i = 0; i < 7; i++)
        {
            nodes[i].Host.Keep(nodes[i + 1].Host.ListenAddresses[0]);
        }

        await Hosts.UntilAsync(
            () => nodes.Skip(1).SkipLast(1).All(n => n.Gossip.Describe(Topic).Mesh.Count == 2)
                && nodes[0].Gossip.Describe(Topic).Mesh.Count == 1 && nodes[7].Gossip.Describe(Topic).Mesh.Count == 1,
            "meshes");
        for (int i = 0; i < 20; i++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            nodes[0].Gossip.Publish(Topic, BitConverter.GetBytes(i));
            await Hosts.UntilAsync(() => nodes.Skip(1).All(n => n.Received.Count == i + 1), "at the end of the line");
            output.WriteLine($"{watch.Elapsed.TotalMilliseconds:F1} ms");
        }
    }

    [Fact]
    public async Task Stream_that_is_reset_is_opened_again_and_all_is_said_anew()
    {
        int streams = 0;
        TaskCompletionSource<Rpc> greeting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Libp2pHost other = await _hosts.StartAsync(host => host.Handle("/meshsub/1.1.0", async (_, stream, stop) =>
        {
            Rpc rpc = RpcDecoder.TryDecode((await stream.ReadFrameAsync(100_000, stop))!)!;
            if (Interlocked.Increment(ref streams) == 1)
            {
                stream.Abort();
                return;
            }

            greeting.TrySetResult(rpc);
            await stream.ReadFrameAsync(100_000, stop);
        }));
        Node node = await NodeAsync();
        PeerConnection connection = await node.Host.ConnectAsync(other.ListenAddresses[0]);
        Assert.Contains((true, Topic), (await greeting.Task.WaitAsync(Hosts.Patience)).Subscriptions);
        Assert.False(connection.Ended.IsCompleted);
    }

    [Fact]
    public async Task Peer_that_resets_every_stream_loses_the_connection()
    {
        Libp2pHost other = await _hosts.StartAsync(host => host.Handle("/meshsub/1.1.0", (_, stream, _) =>
        {
            stream.Abort();
            return Task.CompletedTask;
        }));
        Node node = await NodeAsync();
        PeerConnection connection = await node.Host.ConnectAsync(other.ListenAddresses[0]);
        await connection.Ended.WaitAsync(Hosts.Patience);
    }

    [Fact]
    public async Task Peer_without_gossip_stays_connected()
    {
        Libp2pHost other = await _hosts.StartAsync();
        Node node = await NodeAsync();
        PeerConnection connection = await node.Host.ConnectAsync(other.ListenAddresses[0]);
        await Hosts.UntilAsync(() => connection.Protocols.Count > 0, "identified");
        await node.Host.PingAsync(other.Id);
        Assert.False(connection.Ended.IsCompleted);
    }

    [Fact]
    public async Task Peer_that_takes_no_gossip_is_disconnected_while_others_get_all()
    {
        Libp2pHost slow = await _hosts.StartAsync(host =>
            host.Handle("/meshsub/1.1.0", (_, _, stop) => Task.Delay(Timeout.InfiniteTimeSpan, stop)));
        Node source = await NodeAsync(options: new GossipOptions { WriteDeadline = TimeSpan.FromMilliseconds(500) }), quick = await NodeAsync();
        PeerConnection connection = await slow.ConnectAsync(source.Host.ListenAddresses[0]);
        await using IDuplex says = await slow.OpenStreamAsync(source.Host.Id, ["/meshsub/1.1.0"]);
        Rpc subscription = new();
        subscription.Subscriptions.Add((true, Topic));
        await says.WriteAsync(subscription.ToFrame());
        await quick.Host.ConnectAsync(source.Host.ListenAddresses[0]);
        await Hosts.UntilAsync(() => source.Gossip.Describe(Topic).Subscribed == 2, "both subscribed");
        for (int i = 0; i < 4; i++)
        {
            source.Gossip.Publish(Topic, (byte[])[.. BitConverter.GetBytes(i), .. new byte[200_000]]);
        }

        await connection.Ended.WaitAsync(Hosts.Patience);
        await Hosts.UntilAsync(() => quick.Received.Count == 4, "the other has all");
    }

    [Fact]
    public async Task Score_of_the_application_is_asked_outside_of_the_lock_and_counts_even_after_it_threw()
    {
        GossipSub? gossip = null;
        int asked = 0;
        ScoreOptions score = new()
        {
            Application = peer =>
            {
                // From another thread, which would wait for ever for a lock that is held here.
                Assert.True(Task.Run(() => gossip?.ScoreOf(peer)).Wait(Hosts.Patience));
                return Interlocked.Increment(ref asked) == 2 ? throw new InvalidOperationException("a bug") : -7;
            },
        };
        Libp2pHost host = await _hosts.StartAsync(host =>
            gossip = new GossipSub(host, new GossipOptions { Heartbeat = TimeSpan.FromMilliseconds(20), Score = score }));
        Node other = await NodeAsync();
        await other.Host.ConnectAsync(host.ListenAddresses[0]);
        await Hosts.UntilAsync(() => Volatile.Read(ref asked) > 4, "asked with every heartbeat");
        Assert.Equal(-7, gossip!.ScoreOf(other.Host.Id));
    }

    private async Task<Node> NodeAsync(GossipVerdict verdict = GossipVerdict.Accept, GossipOptions? options = null)
    {
        GossipSub? gossip = null;
        ConcurrentQueue<string> received = new();
        Libp2pHost host = await _hosts.StartAsync(host =>
        {
            gossip = new GossipSub(host, options ?? new GossipOptions { Heartbeat = TimeSpan.FromMilliseconds(200) });
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
