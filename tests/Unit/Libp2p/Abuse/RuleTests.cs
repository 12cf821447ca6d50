using Kimura.Libp2p;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Negotiation;
using Kimura.Libp2p.Transports;
using Kimura.Tests.Unit.Cryptography;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p.Abuse;

/// <summary>Single offences, each of which ends a stream or a connection and nothing else.</summary>
public sealed class RuleTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const int Data = 0;
    private const int WindowUpdate = 1;
    private const int Ping = 2;
    private const int Syn = 1;
    private readonly Hosts _hosts = new();

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    [Theory]
    [InlineData(Data, Syn, 1u, uint.MaxValue)]
    [InlineData(Data, Syn, 1u, 300_000u)]
    [InlineData(Data, 0, 99u, uint.MaxValue)]
    [InlineData(Data, 0, 0u, 1u)]
    [InlineData(WindowUpdate, Syn, 2u, 0u)]
    [InlineData(WindowUpdate, Syn, 0u, 0u)]
    [InlineData(Ping, 0, 0u, 1u)]
    [InlineData(Ping, Syn, 1u, 1u)]
    [InlineData(7, 0, 0u, 0u)]
    [InlineData(WindowUpdate, 64, 1u, 0u)]
    public async Task Frame_that_breaks_the_rules_ends_the_connection(int type, int flags, uint stream, uint length)
    {
        Libp2pHost host = await _hosts.StartAsync();
        await using RawPeer peer = await RawPeer.ConnectAsync(_hosts.Network.At("10.9.9.9"), host.ListenAddresses[0]);
        long before = GC.GetTotalMemory(forceFullCollection: false);
        await peer.SendAsync(type, flags, stream, length);
        await peer.UntilDroppedAsync();
        Assert.True(GC.GetTotalMemory(forceFullCollection: false) - before < 64 * 1024 * 1024);
        await Hosts.UntilAsync(() => host.Connections.Count == 0, "dropped");
    }

    [Fact]
    public async Task Window_that_passes_32_bits_ends_the_connection()
    {
        Libp2pHost host = await _hosts.StartAsync();
        await using RawPeer peer = await RawPeer.ConnectAsync(_hosts.Network.At("10.9.9.9"), host.ListenAddresses[0]);
        await peer.SendAsync(WindowUpdate, Syn, 1, uint.MaxValue);
        await peer.UntilDroppedAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Flood_of_pings_or_streams_ends_the_connection(bool pings)
    {
        Libp2pHost host = await _hosts.StartAsync();
        await using RawPeer peer = await RawPeer.ConnectAsync(_hosts.Network.At("10.9.9.9"), host.ListenAddresses[0]);
        Task dropped = peer.UntilDroppedAsync();
        await Assert.ThrowsAsync<Libp2pException>(async () =>
        {
            for (uint i = 0; i < 100_000; i++)
            {
                await (pings ? peer.SendAsync(Ping, Syn, 0, i) : peer.SendAsync(WindowUpdate, Syn, (2 * i) + 1, 0));
            }
        });
        await dropped;
    }

    [Fact]
    public async Task Half_open_connections_neither_stay_nor_shut_out_an_honest_peer()
    {
        ConnectionLimits limits = new() { HandshakeDeadline = TimeSpan.FromMilliseconds(500), RatePerAddress = 10_000 };
        Libp2pHost host = await _hosts.StartAsync(limits: limits), honest = await _hosts.StartAsync();
        List<ITransportConnection> silent = [];
        for (int i = 0; i < 200; i++)
        {
            silent.Add(await _hosts.Network.At("10.9.9.9").DialAsync(host.ListenAddresses[0], CancellationToken.None));
        }

        await honest.ConnectAsync(host.ListenAddresses[0]);
        await honest.PingAsync(host.Id);
        foreach (ITransportConnection connection in silent)
        {
            await Assert.ThrowsAsync<Libp2pException>(async () =>
            {
                while (await connection.ReadAsync(new byte[64]).AsTask().WaitAsync(Hosts.Patience) > 0)
                {
                    // Until it is dropped.
                }
            });
        }

        Assert.Single(host.Connections);
    }

    [Fact]
    public async Task Slow_handshake_ends_at_the_deadline_for_all_of_it()
    {
        Libp2pHost host = await _hosts.StartAsync(limits: new ConnectionLimits { HandshakeDeadline = TimeSpan.FromMilliseconds(400) });
        ITransportConnection slow = await _hosts.Network.At("10.9.9.9").DialAsync(host.ListenAddresses[0], CancellationToken.None);
        byte[] opening = Multistream.Opening("/noise");
        using PeriodicTimer drip = new(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAsync<Libp2pException>(async () =>
        {
            foreach (byte next in opening)
            {
                await slow.WriteAsync(new[] { next });
                await drip.WaitForNextTickAsync();
            }
        });
    }

    [Fact]
    public async Task Garbage_at_every_layer_ends_the_connection_only()
    {
        Random random = Seeds.New(output);
        Libp2pHost host = await _hosts.StartAsync(), honest = await _hosts.StartAsync();
        await honest.ConnectAsync(host.ListenAddresses[0]);
        for (int round = 0; round < 60; round++)
        {
            ITransport transport = _hosts.Network.At($"10.8.0.{round + 1}");
            byte[] garbage = new byte[random.Next(1, 3000)];
            random.NextBytes(garbage);
            try
            {
                if (round % 3 == 0)
                {
                    await using RawPeer peer = await RawPeer.ConnectAsync(transport, host.ListenAddresses[0]);
                    await peer.Stream.WriteAsync(garbage);
                    await peer.Stream.CloseWriteAsync();
                    await peer.UntilDroppedAsync();
                }
                else
                {
                    await using ITransportConnection raw = await transport.DialAsync(host.ListenAddresses[0], CancellationToken.None);
                    await raw.WriteAsync(round % 3 == 1 ? garbage : [.. Multistream.Opening("/noise"), .. garbage]);
                    await raw.CloseWriteAsync();
                }
            }
            catch (Libp2pException)
            {
                // It may drop while garbage is being written.
            }
        }

        await Hosts.UntilAsync(() => host.Connections.Count == 1, "only the honest one stays");
        await honest.PingAsync(host.Id);
    }

    [Fact]
    public async Task Peer_that_sends_malformed_rpcs_or_claims_4_GiB_is_cut_off()
    {
        Libp2pHost host = await _hosts.StartAsync(
            host => new GossipSub(host).Subscribe("t", (_, _) => ValueTask.FromResult(GossipVerdict.Accept)));
        Libp2pHost bad = await _hosts.StartAsync();
        PeerConnection connection = await bad.ConnectAsync(host.ListenAddresses[0]);
        await using IDuplex claims = await bad.OpenStreamAsync(host.Id, ["/meshsub/1.1.0"]);
        await claims.WriteAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F });
        await Assert.ThrowsAsync<Libp2pException>(async () => await claims.ReadAsync(new byte[1]).AsTask().WaitAsync(Hosts.Patience));

        await using IDuplex stream = await bad.OpenStreamAsync(host.Id, ["/meshsub/1.1.0"]);
        for (int i = 0; i < 3; i++)
        {
            await stream.WriteAsync(new byte[] { 2, 0x0A, 0x7F });
        }

        await connection.Ended.WaitAsync(Hosts.Patience);
    }

    [Fact]
    public async Task Proposals_without_end_are_cut_off()
    {
        Libp2pHost host = await _hosts.StartAsync(), other = await _hosts.StartAsync();
        await other.ConnectAsync(host.ListenAddresses[0]);
        await Assert.ThrowsAsync<Libp2pException>(
            async () => await other.OpenStreamAsync(host.Id, [.. Enumerable.Range(0, 100).Select(i => $"/no/{i}")]));
        await other.PingAsync(host.Id);
    }
}
