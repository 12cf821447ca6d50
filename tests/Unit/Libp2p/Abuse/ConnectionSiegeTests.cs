using Kimura.Libp2p;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Negotiation;
using Kimura.Libp2p.Transports;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p.Abuse;

/// <summary>Attacks on connections and streams, over real sockets.</summary>
[Collection(nameof(Siege))]
public sealed class ConnectionSiegeTests(ITestOutputHelper output)
{
    private const int Data = 0;
    private const int WindowUpdate = 1;
    private const int Ping = 2;
    private const int Syn = 1;
    private const int Rst = 8;

    [Fact]
    public async Task Half_open_connections_by_the_hundred()
    {
        await using Siege siege = await Siege.StartAsync(output, new ConnectionLimits { HandshakeDeadline = TimeSpan.FromSeconds(2) });
        Libp2pHost newcomer = await siege.AttackerAsync(390);
        await siege.WithstandAsync(async () =>
        {
            ITransportConnection[] silent = await Task.WhenAll(Enumerable.Range(0, 300).Select(
                i => Siege.From(i % 30).DialAsync(siege.Address, CancellationToken.None).AsTask()));

            // An honest stranger gets in meanwhile.
            await newcomer.ConnectAsync(siege.Address);
            await newcomer.PingAsync(siege.Target.Id);
            newcomer.Disconnect(siege.Target.Id);
            await Task.WhenAll(silent.Select(UntilEndAsync));
        });
    }

    [Fact]
    public async Task Slow_handshakes()
    {
        await using Siege siege = await Siege.StartAsync(output, new ConnectionLimits { HandshakeDeadline = TimeSpan.FromSeconds(2) });
        byte[] opening = [.. Multistream.Opening("/noise"), .. new byte[4000]];
        await siege.WithstandAsync(() => Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            await using ITransportConnection slow = await Siege.From(i).DialAsync(siege.Address, CancellationToken.None);
            using PeriodicTimer drip = new(TimeSpan.FromMilliseconds(150));
            await Siege.UntilDroppedAsync(async next =>
            {
                await drip.WaitForNextTickAsync();
                await slow.WriteAsync(opening.AsMemory(next % opening.Length, 1));
            });
        })));
    }

    [Fact]
    public async Task Claims_of_4_GiB_at_every_layer()
    {
        await using Siege siege = await Siege.StartAsync(output, new ConnectionLimits { HandshakeDeadline = TimeSpan.FromSeconds(2) });
        await siege.WithstandAsync(async () =>
        {
            for (int i = 0; i < 60; i++)
            {
                await using RawPeer peer = await siege.RawAsync(i);
                await peer.SendAsync(Data, Syn, 1, uint.MaxValue, new byte[1000]);
                await peer.UntilDroppedAsync();

                // A multistream message and a Noise message that are never to come in full.
                byte[] claim = i % 2 == 0 ? [0xFF, 0xFF, 0xFF, 0xFF, 0x0F] : [.. Multistream.Opening("/noise"), 0xFF, 0xFF];
                await using ITransportConnection raw = await Siege.From(100 + i).DialAsync(siege.Address, CancellationToken.None);
                await raw.WriteAsync(claim);
                await UntilEndAsync(raw);
            }

            Libp2pHost bad = await siege.AttackerAsync(300);
            foreach (string protocol in new[] { Siege.Echo, "/meshsub/1.1.0", "/ipfs/id/push/1.0.0" })
            {
                await bad.ConnectAsync(siege.Address);
                await using IDuplex stream = await bad.OpenStreamAsync(siege.Target.Id, [protocol]);
                await stream.WriteAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F });
                await UntilEndAsync(stream);
            }

            await bad.DisposeAsync();
        });
    }

    [Fact]
    public async Task Streams_by_the_thousand()
    {
        await using Siege siege = await Siege.StartAsync(output);
        await siege.WithstandAsync(() => Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            await using RawPeer peer = await siege.RawAsync(i);
            Task ended = peer.UntilDroppedAsync();
            byte[] header = Multistream.Opening("/ipfs/ping/1.0.0")[..20];
            await Siege.UntilDroppedAsync(n => peer.SendAsync(Data, Syn, (2 * (uint)n) + 1, 20, header).AsTask());
            await ended;
        })));
    }

    [Fact]
    public async Task Streams_opened_and_reset_at_once()
    {
        await using Siege siege = await Siege.StartAsync(output);
        await siege.WithstandAsync(() => Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            await using RawPeer peer = await siege.RawAsync(i);
            Task ended = peer.UntilDroppedAsync();
            await Siege.UntilDroppedAsync(async n =>
            {
                await peer.SendAsync(WindowUpdate, Syn, (2 * (uint)n) + 1, 0);
                await peer.SendAsync(WindowUpdate, Rst, (2 * (uint)n) + 1, 0);
            });
            await ended;
        })));
    }

    [Fact]
    public async Task Pings_of_Yamux_and_of_libp2p()
    {
        await using Siege siege = await Siege.StartAsync(output);
        await siege.WithstandAsync(async () =>
        {
            for (int i = 0; i < 8; i++)
            {
                await using RawPeer peer = await siege.RawAsync(i);
                Task ended = peer.UntilDroppedAsync();
                await Siege.UntilDroppedAsync(n => peer.SendAsync(Ping, Syn, 0, (uint)n).AsTask());
                await ended;

                Libp2pHost bad = await siege.AttackerAsync(100 + i);
                await bad.ConnectAsync(siege.Address);
                await using IDuplex stream = await bad.OpenStreamAsync(siege.Target.Id, ["/ipfs/ping/1.0.0"]);
                await Siege.UntilDroppedAsync(_ => stream.WriteAsync(new byte[32]).AsTask());
                await bad.DisposeAsync();
            }
        });
    }

    [Fact]
    public async Task Unknown_protocols_without_end()
    {
        await using Siege siege = await Siege.StartAsync(output);
        await siege.WithstandAsync(() => Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            Libp2pHost bad = await siege.AttackerAsync(i);
            await bad.ConnectAsync(siege.Address);
            await Siege.UntilDroppedAsync(async n =>
            {
                await using IDuplex stream = await bad.OpenStreamAsync(siege.Target.Id, [$"/no/such/{n}"]);
                await stream.WriteAsync(default);
                try
                {
                    await stream.ReadAsync(new byte[1]);
                }
                catch (Libp2pException error) when (error.Failure == Libp2pFailure.ProtocolNotSupported)
                {
                    // On with the next.
                }
            });
            await bad.DisposeAsync();
        })));
    }

    [Fact]
    public async Task Streams_stuffed_with_data_that_nobody_reads()
    {
        await using Siege siege = await Siege.StartAsync(output, new ConnectionLimits { Buffered = 32 * 1024 * 1024, Connections = 16 });
        siege.Target.Handle("/deaf/1", (_, _, stop) => Task.Delay(Timeout.InfiniteTimeSpan, stop), new StreamLimits(200, 4000));
        await siege.WithstandAsync(() => Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            await using RawPeer peer = await siege.RawAsync(i);
            Task ended = peer.UntilDroppedAsync();
            byte[] stuffing = [.. Multistream.Opening("/deaf/1"), .. new byte[200_000]];
            await Siege.UntilDroppedAsync(
                n => peer.SendAsync(Data, Syn, (2 * (uint)n) + 1, (uint)stuffing.Length, stuffing).AsTask());
            await ended;
        })));
    }

    private static async Task UntilEndAsync(IDuplex connection)
    {
        byte[] buffer = new byte[4096];
        using CancellationTokenSource patience = new(Hosts.Patience);
        try
        {
            while (await connection.ReadAsync(buffer, patience.Token) > 0)
            {
                // What it says does not matter.
            }
        }
        catch (Libp2pException)
        {
            // Dropped.
        }
        finally
        {
            connection.Abort();
        }
    }
}
