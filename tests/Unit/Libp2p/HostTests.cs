using System.Diagnostics;
using System.Security.Cryptography;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Requests;
using Kimura.Libp2p.Transports;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

public sealed class HostTests(ITestOutputHelper output) : IAsyncDisposable
{
    private readonly Hosts _hosts = new();

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Peers_connect_identify_and_ping(bool tcp, bool secp256k1)
    {
        Libp2pHost one = await _hosts.StartAsync(tcp: tcp, secp256k1: secp256k1), other = await _hosts.StartAsync(tcp: tcp);
        PeerConnection connection = await one.ConnectAsync(other.ListenAddresses[0]);
        Assert.Equal(other.Id, connection.Peer);
        await Hosts.UntilAsync(() => connection.Protocols.Count > 0 && other.Find(one.Id)?.Protocols.Count > 0, "identified");
        Assert.Contains("/ipfs/ping/1.0.0", connection.Protocols);
        Assert.Equal(other.ListenAddresses[0].WithoutPeer(), connection.ListenAddresses[0]);
        Assert.Equal("kimura-libp2p", connection.Agent);
        Assert.True(await one.PingAsync(other.Id) > TimeSpan.Zero);
        Assert.True(await other.PingAsync(one.Id) > TimeSpan.Zero);
    }

    [Fact]
    public async Task Another_peer_than_the_dialled_one_is_refused()
    {
        Libp2pHost one = await _hosts.StartAsync(), other = await _hosts.StartAsync();
        Multiaddress wrong = other.ListenAddresses[0].WithPeer(Hosts.NewIdentity().Id);
        Libp2pException error = await Assert.ThrowsAsync<Libp2pException>(() => one.ConnectAsync(wrong));
        Assert.Equal(Libp2pFailure.IdentityMismatch, error.Failure);
        Assert.Empty(one.Connections);
        await Hosts.UntilAsync(() => other.Connections.Count == 0, "the other side sees it end");
    }

    [Fact]
    public async Task Host_does_not_connect_to_itself()
    {
        Libp2pHost one = await _hosts.StartAsync();
        Libp2pException error = await Assert.ThrowsAsync<Libp2pException>(() => one.ConnectAsync(one.ListenAddresses[0].WithoutPeer()));
        Assert.Equal(Libp2pFailure.IdentityMismatch, error.Failure);
    }

    [Fact]
    public async Task Unknown_protocol_is_refused_and_one_of_several_is_taken()
    {
        Libp2pHost one = await _hosts.StartAsync(), other = await _hosts.StartAsync();
        other.Handle("/echo/1", EchoAsync);
        await one.ConnectAsync(other.ListenAddresses[0]);
        await using (IDuplex stream = await one.OpenStreamAsync(other.Id, ["/no/such"]))
        {
            Libp2pException error = await Assert.ThrowsAsync<Libp2pException>(async () => await stream.ReadAsync(new byte[1]));
            Assert.Equal(Libp2pFailure.ProtocolNotSupported, error.Failure);
        }

        await using IDuplex echo = await one.OpenStreamAsync(other.Id, ["/no/such", "/nor/this", "/echo/1"]);
        await echo.WriteAsync(new byte[] { 1, 2, 3 });
        await echo.CloseWriteAsync();
        byte[] back = new byte[3];
        await echo.ReadExactlyAsync(back, CancellationToken.None);
        Assert.Equal([1, 2, 3], back);
        Assert.Equal(0, await echo.ReadAsync(back));
    }

    [Fact]
    public async Task Peers_that_dial_each_other_at_once_keep_one_connection()
    {
        for (int round = 0; round < 20; round++)
        {
            await using Hosts hosts = new();
            Libp2pHost one = await hosts.StartAsync(), other = await hosts.StartAsync();
            one.Keep(other.ListenAddresses[0]);
            other.Keep(one.ListenAddresses[0]);
            await Hosts.UntilAsync(
                () => one.Find(other.Id) is { Ended.IsCompleted: false } a
                    && other.Find(one.Id) is { Ended.IsCompleted: false } b
                    && a.Outbound != b.Outbound,
                "one connection, seen alike");

            // The second of the two may arrive only now and be the one that stays.
            try
            {
                await one.PingAsync(other.Id);
            }
            catch (Libp2pException)
            {
                await Hosts.UntilAsync(() => one.Find(other.Id) is { Ended.IsCompleted: false }, "the other connection");
                await one.PingAsync(other.Id);
            }
        }
    }

    [Fact]
    public async Task Kept_peer_is_dialled_again_after_a_loss_and_when_it_comes_late()
    {
        Libp2pHost one = await _hosts.StartAsync(), other = await _hosts.StartAsync();
        one.Keep(other.ListenAddresses[0]);
        await Hosts.UntilAsync(() => other.Find(one.Id) is not null, "connected");
        PeerConnection first = one.Find(other.Id)!;
        other.Disconnect(one.Id);
        await first.Ended.WaitAsync(Hosts.Patience);
        await Hosts.UntilAsync(() => one.Find(other.Id) is { } again && again != first, "connected again");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_are_answered_item_by_item(bool tcp)
    {
        Libp2pHost one = await _hosts.StartAsync(tcp: tcp), other = await _hosts.StartAsync(tcp: tcp);
        RequestOptions options = new() { MaxItem = 8 * 1024 * 1024 };
        new RequestProtocol(other, "/test/1", options).Serve(AnswerAsync);
        RequestProtocol client = new(one, "/test/1", options);
        await one.ConnectAsync(other.ListenAddresses[0]);
        List<int> sizes = [];
        await foreach (ReadOnlyMemory<byte> item in client.AskAsync(other.Id, new byte[] { 5 }))
        {
            sizes.Add(item.Length);
            Assert.True(item.Span.IndexOfAnyExcept((byte)5) < 0);
        }

        Assert.Equal([0, 1_000_000, 2_000_000, 3_000_000, 4_000_000], sizes);
        await Assert.ThrowsAsync<Libp2pException>(() => client.AskOneAsync(other.Id, new byte[] { 5 }));
        Assert.Equal(0, (await client.AskOneAsync(other.Id, new byte[] { 1 })).Length);
        await Hosts.UntilAsync(() => one.Find(other.Id)!.Session.StreamCount == 0, "no stream stays");
    }

    [Fact]
    public async Task Response_larger_than_allowed_is_refused_before_it_is_taken()
    {
        Libp2pHost one = await _hosts.StartAsync(), other = await _hosts.StartAsync();
        new RequestProtocol(other, "/test/1", new RequestOptions()).Serve(AnswerAsync);
        await one.ConnectAsync(other.ListenAddresses[0]);
        RequestProtocol client = new(one, "/test/1", new RequestOptions { MaxItem = 999_999 });
        Libp2pException error = await Assert.ThrowsAsync<Libp2pException>(async () =>
        {
            await foreach (ReadOnlyMemory<byte> item in client.AskAsync(other.Id, new byte[] { 2 }))
            {
                Assert.Equal(0, item.Length);
            }
        });
        Assert.Equal(Libp2pFailure.LimitExceeded, error.Failure);
        Assert.NotNull(one.Find(other.Id));
    }

    [Fact]
    public async Task Handler_that_fails_has_its_stream_reset_and_the_connection_lives_on()
    {
        Libp2pHost one = await _hosts.StartAsync(), other = await _hosts.StartAsync();
        other.Handle("/fails/1", static (_, _, _) => throw new InvalidOperationException("a bug"));
        await one.ConnectAsync(other.ListenAddresses[0]);
        await using IDuplex stream = await one.OpenStreamAsync(other.Id, ["/fails/1"]);
        Libp2pException error = await Assert.ThrowsAsync<Libp2pException>(async () => await stream.ReadAsync(new byte[1]));
        Assert.NotEqual(Libp2pFailure.Unspecified, error.Failure);
        await one.PingAsync(other.Id);
    }

    [Fact]
    public async Task Throughput_and_handshakes_over_loopback_are_printed()
    {
        Libp2pHost one = await _hosts.StartAsync(tcp: true), other = await _hosts.StartAsync(tcp: true);
        other.Handle("/sink/1", async (_, stream, stop) =>
        {
            byte[] buffer = new byte[64 * 1024];
            long total = 0;
            for (int read; (read = await stream.ReadAsync(buffer, stop)) > 0;)
            {
                total += read;
            }

            await stream.WriteAsync(BitConverter.GetBytes(total), stop);
            await stream.CloseWriteAsync(stop);
        });
        await one.ConnectAsync(other.ListenAddresses[0]);
        const int Megabytes = 64;
        byte[] block = RandomNumberGenerator.GetBytes(1024 * 1024), answer = new byte[8];
        Stopwatch watch = Stopwatch.StartNew();
        await using (IDuplex stream = await one.OpenStreamAsync(other.Id, ["/sink/1"]))
        {
            for (int i = 0; i < Megabytes; i++)
            {
                await stream.WriteAsync(block);
            }

            await stream.CloseWriteAsync();
            await stream.ReadExactlyAsync(answer, CancellationToken.None);
        }

        Assert.Equal(Megabytes * 1024L * 1024, BitConverter.ToInt64(answer));
        output.WriteLine($"{Megabytes / watch.Elapsed.TotalSeconds:F0} MiB/s");

        const int Handshakes = 200;
        watch.Restart();
        for (int i = 0; i < Handshakes; i++)
        {
            PeerConnection connection = await one.ConnectAsync(other.ListenAddresses[0]);
            one.Disconnect(other.Id);
            await connection.Ended;
        }

        output.WriteLine($"{Handshakes / watch.Elapsed.TotalSeconds:F0} handshakes/s");
    }

    private static async Task EchoAsync(PeerConnection connection, IDuplex stream, CancellationToken stop)
    {
        byte[] buffer = new byte[4096];
        for (int read; (read = await stream.ReadAsync(buffer, stop)) > 0;)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), stop);
        }

        await stream.CloseWriteAsync(stop);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(
        Kimura.Libp2p.Identities.PeerId peer,
        ReadOnlyMemory<byte> request,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        for (int i = 0; i < request.Span[0]; i++)
        {
            byte[] item = new byte[i * 1_000_000];
            item.AsSpan().Fill(request.Span[0]);
            yield return item;
        }
    }
}
