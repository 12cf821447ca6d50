using System.Collections.Concurrent;
using System.Security.Cryptography;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Requests;
using Kimura.Libp2p.Tcp;
using Kimura.Tests.Integration.Harness;

namespace Kimura.Tests.Integration.Network.Hostile;

/// <summary>
/// A libp2p host of the test's own: it says to real nodes whatever a test has it say, over real sockets, and notes what it hears. It uses
/// none of the node's own code above libp2p.
/// </summary>
internal sealed class Stranger : IAsyncDisposable
{
    public const string Topic = "kimura/blocks/1.0.0";
    public const string Status = "/kimura/status/1.0.0";
    public const string Sync = "/kimura/sync/1.0.0";
    public const string Submit = "/kimura/submit/1.0.0";

    private readonly Identity _identity = Identity.FromEd25519Seed(RandomNumberGenerator.GetBytes(32));
    private readonly ConcurrentQueue<byte[]> _heard = new();
    private readonly ConcurrentDictionary<string, int> _asked = new(StringComparer.Ordinal);
    private readonly GossipSub _gossip;

    private Stranger()
    {
        Host = new Libp2pHost(new HostOptions
        {
            Identity = _identity,
            Transport = new TcpTransport(),
            Time = TimeProvider.System,
            FillRandom = RandomNumberGenerator.Fill,
            Listen = [Multiaddress.Parse("/ip4/127.0.0.1/tcp/0")],
            Limits = new ConnectionLimits { RatePerAddress = 1_000 },
        });
        _gossip = new GossipSub(Host, new GossipOptions { MaxMessage = (1 << 20) - 512 });
        _gossip.Subscribe(Topic, (message, _) =>
        {
            _heard.Enqueue(message.Data.ToArray());
            return ValueTask.FromResult(GossipVerdict.Ignore);
        });
    }

    public Libp2pHost Host { get; }

    public Multiaddress Address => Host.ListenAddresses[0];

    /// <summary>What came by gossip, so far.</summary>
    public IReadOnlyCollection<byte[]> Heard => _heard;

    /// <summary>Starts one that serves protocols with what is given here; each request's answer is one frame.</summary>
    public static async Task<Stranger> StartAsync(params (string Protocol, Func<byte[], byte[]> Answer)[] serves)
    {
        var stranger = new Stranger();
        foreach (var (protocol, answer) in serves)
        {
            stranger.Protocol(protocol).Serve((_, request, _) => stranger.AnswerAsync(protocol, answer(request.ToArray())));
        }

        await stranger.Host.StartAsync();
        return stranger;
    }

    /// <summary>How often it was asked for a protocol.</summary>
    public int AskedFor(string protocol) => _asked.GetValueOrDefault(protocol);

    /// <summary>Connects to a node.</summary>
    public async Task DialAsync(NodeProcess node)
    {
        using var patience = new CancellationTokenSource(Limits.Step);
        while (Host.Find(node.NetworkAddress.Peer) is null)
        {
            try
            {
                await Host.ConnectAsync(node.NetworkAddress, patience.Token);
            }
            catch (Libp2pException) when (!patience.IsCancellationRequested)
            {
                // All strangers come from one address, and a node takes only so many connections a second from one.
                await Task.Delay(TimeSpan.FromMilliseconds(100), patience.Token);
            }
        }
    }

    /// <summary>Connects, and waits until what it publishes reaches the node and what the node forwards reaches it.</summary>
    public async Task MeetAsync(NodeProcess node)
    {
        await DialAsync(node);
        await Eventually.HoldsAsync(
            () => Task.FromResult(_gossip.Describe(Topic) is { Subscribed: > 0, Mesh.Count: > 0 }), "gossip with the node");
    }

    public void Publish(byte[] data) => _gossip.Publish(Topic, data);

    /// <summary>Asks the node; a refusal is an exception.</summary>
    public async Task<byte[]> AskAsync(NodeProcess node, string protocol, byte[] request) =>
        (await Protocol(protocol).AskOneAsync(node.NetworkAddress.Peer, request)).ToArray();

    /// <summary>Waits until the node has ended the connection.</summary>
    public Task DroppedByAsync(NodeProcess node) =>
        Eventually.HoldsAsync(() => Task.FromResult(Host.Find(node.NetworkAddress.Peer) is null), "a dropped connection");

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        _identity.Dispose();
    }

    private RequestProtocol Protocol(string name) => new(Host, name, new RequestOptions { MaxRequest = 4 << 20 });

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(string protocol, byte[] answer)
    {
        _asked.AddOrUpdate(protocol, 1, (_, count) => count + 1);
        await Task.CompletedTask;
        yield return answer;
    }
}
