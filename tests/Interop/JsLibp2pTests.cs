using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Requests;
using Kimura.Libp2p.Tcp;
using Xunit;

namespace Kimura.Tests.Interop;

/// <summary>Our host and js-libp2p on loopback, each dialling the other, with both kinds of identities.</summary>
public sealed class JsLibp2pTests
{
    private const string Topic = "interop";
    private const string Echo = "/kimura/echo/1";
    private const int Large = 1024 * 1024;

    [Theory]
    [InlineData("Ed25519", false, false)]
    [InlineData("Ed25519", false, true)]
    [InlineData("Ed25519", true, false)]
    [InlineData("Ed25519", true, true)]
    [InlineData("secp256k1", false, false)]
    [InlineData("secp256k1", false, true)]
    [InlineData("secp256k1", true, false)]
    [InlineData("secp256k1", true, true)]
    public async Task Everything_works_between_us_and_js(string keyType, bool secp256k1, bool jsDials)
    {
        await using JsPeer js = await JsPeer.StartAsync(keyType);
        await using Node node = await Node.StartAsync(secp256k1);
        string us = node.Host.Id.ToString();
        PeerId them = PeerId.Parse(js.Id);
        if (jsDials)
        {
            Assert.Equal(us, (string)(await js.AskAsync("dial", new { address = node.Host.ListenAddresses[0].ToString() }))["peer"]!);
            await UntilAsync(() => node.Host.Find(them) is not null, "js is connected");
        }
        else
        {
            Assert.Equal(them, (await node.Host.ConnectAsync(js.Address)).Peer);
        }

        await IdentifyAndPingAsync(js, node, us, them);
        await RequestsAsync(js, node, us, them);
        await GossipAsync(js, node, us);
        Assert.NotNull(node.Host.Find(them));
        Assert.Equal(us, (string)(await js.AskAsync("connections"))["peers"]![0]!);
    }

    /// <summary>js-libp2p takes a peer for gone whose gossip stream breaks; both sides must find each other again.</summary>
    [Theory]
    [InlineData("hangUp")]
    [InlineData("resetGossip")]
    public async Task Gossip_goes_on_after_js_broke_it_off(string how)
    {
        await using JsPeer js = await JsPeer.StartAsync("Ed25519");
        await using Node node = await Node.StartAsync(secp256k1: false);
        node.Host.Keep(js.Address);
        await UntilAsync(() => node.Gossip.Describe(Topic).Mesh.Count == 1, "js is in our mesh");
        await ExchangeAsync(js, node, 1);
        _ = await js.AskAsync(how, new { peer = node.Host.Id.ToString() });
        await ExchangeAsync(js, node, 100);
    }

    /// <summary>Messages in both directions, new ones until one has arrived: what is on its way when a stream breaks is lost.</summary>
    private static async Task ExchangeAsync(JsPeer js, Node node, int first)
    {
        int number = first;
        await UntilAsync(
            () =>
            {
                byte[] data = BitConverter.GetBytes(number++);
                _ = node.Gossip.Publish(Topic, data);
                return js.Messages.Any(message => message.Size == data.Length);
            },
            "a message of ours");
        js.Messages.Clear();
        await UntilAsync(
            async () =>
            {
                JsonObject published = await js.AskAsync("publish", new { size = number++, fill = 1 });
                return node.Received.Contains((string)published["sha256"]!);
            },
            "a message of theirs");
    }

    private static async Task IdentifyAndPingAsync(JsPeer js, Node node, string us, PeerId them)
    {
        PeerConnection connection = node.Host.Find(them)!;
        await UntilAsync(() => connection.Protocols.Contains(Echo), "js is identified");
        Assert.Contains("js-libp2p", connection.Agent, StringComparison.Ordinal);
        JsonObject? identified = null;
        await UntilAsync(
            async () =>
            {
                identified = await js.AskAsync("identified", new { peer = us });
                return identified["protocols"]!.AsArray().Any(p => (string)p! == Echo);
            },
            "js has identified us");
        Assert.Equal("interop-test", (string)identified!["agent"]!);
        Assert.True(await node.Host.PingAsync(them) > TimeSpan.Zero);
        Assert.True((double)(await js.AskAsync("ping", new { peer = us }))["milliseconds"]! >= 0);
    }

    private static async Task RequestsAsync(JsPeer js, Node node, string us, PeerId them)
    {
        foreach (int size in new[] { 0, 1, 300, Large })
        {
            byte[] request = new byte[size];
            request.AsSpan().Fill(7);
            Assert.Equal(request, (await node.Echo.AskOneAsync(them, request)).ToArray());
            JsonObject echoed = await js.AskAsync("echo", new { peer = us, size, fill = 9 });
            Assert.True((bool)echoed["same"]!, $"echo of {size} bytes");
        }
    }

    private static async Task GossipAsync(JsPeer js, Node node, string us)
    {
        await UntilAsync(() => node.Gossip.Describe(Topic).Mesh.Count == 1, "js is in our mesh");
        await UntilAsync(
            async () => (await js.AskAsync("subscribers"))["peers"]!.AsArray().Any(p => (string)p! == us),
            "js knows our subscription");
        foreach (int size in new[] { 10, Large - 1024 })
        {
            byte[] ours = new byte[size];
            ours.AsSpan().Fill((byte)(size % 251));
            Assert.Equal(1, node.Gossip.Publish(Topic, ours));
            string hash = Convert.ToHexStringLower(SHA256.HashData(ours));
            await UntilAsync(() => js.Messages.Contains((size, hash)), $"our message of {size} bytes");

            JsonObject published = await js.AskAsync("publish", new { size, fill = 200 });
            Assert.Equal(1, (int)published["recipients"]!);
            await UntilAsync(() => node.Received.Contains((string)published["sha256"]!), $"their message of {size} bytes");
        }
    }

    private static Task UntilAsync(Func<bool> reached, string what) => UntilAsync(() => Task.FromResult(reached()), what);

    private static async Task UntilAsync(Func<Task<bool>> reached, string what)
    {
        using CancellationTokenSource patience = new(JsPeer.Patience);
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(20));
        while (!await reached())
        {
            Assert.False(patience.IsCancellationRequested, what);
            await look.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private sealed record Node(
        Libp2pHost Host, GossipSub Gossip, RequestProtocol Echo, ConcurrentQueue<string> Received, Identity Identity) : IAsyncDisposable
    {
        public static async Task<Node> StartAsync(bool secp256k1)
        {
            byte[] seed = RandomNumberGenerator.GetBytes(32);
            Identity identity = secp256k1 ? Identity.FromSecp256k1(seed) : Identity.FromEd25519Seed(seed);
            Libp2pHost host = new(new HostOptions
            {
                Identity = identity,
                Transport = new TcpTransport(),
                Time = TimeProvider.System,
                FillRandom = RandomNumberGenerator.Fill,
                Listen = [Multiaddress.Parse("/ip4/127.0.0.1/tcp/0")],
                Agent = "interop-test",
            });
            RequestProtocol echo = new(host, JsLibp2pTests.Echo, new RequestOptions { MaxRequest = 2 * Large });
            echo.Serve(AnswerAsync);
            GossipSub gossip = new(host);
            ConcurrentQueue<string> received = new();
            gossip.Subscribe(Topic, (message, _) =>
            {
                received.Enqueue(Convert.ToHexStringLower(SHA256.HashData(message.Data.Span)));
                return ValueTask.FromResult(GossipVerdict.Accept);
            });
            await host.StartAsync();
            return new Node(host, gossip, echo, received, identity);
        }

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            Identity.Dispose();
        }

        private static async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(
            PeerId peer,
            ReadOnlyMemory<byte> request,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.Yield();
            yield return request;
        }
    }
}
