using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Transports;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>Who is let in, and what becomes of connections that are cut.</summary>
public sealed class ConnectionTests : IAsyncDisposable
{
    private readonly Hosts _hosts = new();

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    [Fact]
    public void Address_begins_so_many_connections_a_second_and_has_so_many_pending()
    {
        ManualTimeProvider time = new();
        AdmissionGate gate = new(new ConnectionLimits { RatePerAddress = 5, PendingPerAddress = 3, ConnectionsPerAddress = 7, Pending = 4 }, time);
        Assert.Equal(3, Enumerable.Range(0, 10).Count(_ => gate.TryEnter("a")));
        Assert.Equal(1, Enumerable.Range(0, 10).Count(_ => gate.TryEnter("b")));
        for (int i = 0; i < 3; i++)
        {
            gate.Settle("a");
        }

        Assert.Equal(2, Enumerable.Range(0, 10).Count(_ => gate.TryEnter("a")));
        gate.Settle("a");
        gate.Settle("a");
        Assert.False(gate.TryEnter("a"));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Enumerable.Range(0, 10).Count(_ => gate.TryEnter("a")));
        gate.Leave("a");
        gate.Settle("a");
        Assert.True(gate.TryEnter("a"));
    }

    [Fact]
    public void Allowance_is_so_much_at_once_and_so_much_a_second()
    {
        ManualTimeProvider time = new();
        Allowance allowance = new(atOnce: 10, perSecond: 2, time);
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => allowance.TryTake()));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(4, Enumerable.Range(0, 20).Count(_ => allowance.TryTake()));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => allowance.TryTake()));
    }

    [Fact]
    public async Task Strangers_that_take_every_place_do_not_shut_out_kept_peers()
    {
        Libp2pHost kept = await _hosts.StartAsync(), keeper = await _hosts.StartAsync();
        Libp2pHost host = await _hosts.StartAsync(limits: new ConnectionLimits { Connections = 2, RatePerAddress = 1000 });
        for (int i = 0; i < 4; i++)
        {
            Libp2pHost stranger = await _hosts.StartAsync();
            await stranger.ConnectAsync(host.ListenAddresses[0]);
        }

        await Hosts.UntilAsync(() => host.Connections.Count == 2, "full");
        host.Keep(kept.ListenAddresses[0]);
        host.Keep(Multiaddress.Parse("/ip4/10.77.77.77/tcp/1").WithPeer(keeper.Id));
        keeper.Keep(host.ListenAddresses[0]);
        await Hosts.UntilAsync(() => host.Find(kept.Id) is not null && host.Find(keeper.Id) is not null, "kept peers");
        Assert.Equal(4, host.Connections.Count);
    }

    [Fact]
    public async Task Kept_peer_behind_a_line_that_swallows_everything_is_found_dead_and_dialled_again()
    {
        ConnectionLimits limits = new() { KeepAlive = TimeSpan.FromSeconds(1), RatePerAddress = 1000 };
        SwallowingTransport line = new(_hosts.Network.At("10.5.5.5"));
        Libp2pHost other = await _hosts.StartAsync(), one = await _hosts.StartAsync(limits: limits, transport: line);
        one.Keep(other.ListenAddresses[0]);
        await Hosts.UntilAsync(() => one.Find(other.Id) is not null, "connected");
        PeerConnection first = one.Find(other.Id)!;
        line.Cut();
        await Hosts.UntilAsync(() => one.Find(other.Id) is { } again && again != first, "dialled again");
        Assert.True(first.Ended.IsCompleted);
        await one.PingAsync(other.Id);
    }

    [Fact]
    public async Task Listener_of_events_that_throws_harms_neither_the_connection_nor_other_listeners()
    {
        int told = 0;
        Libp2pHost one = await _hosts.StartAsync(host =>
        {
            host.Connected += _ => throw new InvalidOperationException("a bug");
            host.Identified += _ => throw new InvalidOperationException("a bug");
            host.Disconnected += _ => throw new InvalidOperationException("a bug");
            host.Connected += _ => Interlocked.Increment(ref told);
            host.Identified += _ => Interlocked.Increment(ref told);
            host.Disconnected += _ => Interlocked.Increment(ref told);
        });
        Libp2pHost other = await _hosts.StartAsync();
        await one.ConnectAsync(other.ListenAddresses[0]);
        await one.PingAsync(other.Id);
        await Hosts.UntilAsync(() => Volatile.Read(ref told) == 2, "connected and identified");
        one.Disconnect(other.Id);
        await Hosts.UntilAsync(() => Volatile.Read(ref told) == 3, "disconnected");
    }

    [Fact]
    public async Task Who_wants_to_dial_a_peer_that_came_first_has_dialled_it_too()
    {
        Libp2pHost one = await _hosts.StartAsync(), other = await _hosts.StartAsync();
        await other.ConnectAsync(one.ListenAddresses[0]);
        await Hosts.UntilAsync(() => one.Find(other.Id) is not null, "connected");
        Assert.False(one.Find(other.Id)!.Dialled);

        PeerConnection kept = await one.ConnectAsync(other.ListenAddresses[0]);
        Assert.True(kept.Dialled);
        Assert.False(kept.Outbound);
        Assert.Same(kept, one.Find(other.Id));
    }

    [Fact]
    public async Task Dials_to_one_peer_at_once_come_to_one_connection()
    {
        Libp2pHost other = await _hosts.StartAsync(tcp: true);
        for (int round = 0; round < 10; round++)
        {
            Libp2pHost one = await _hosts.StartAsync(tcp: true);
            PeerConnection[] connections = await Task.WhenAll(
                Enumerable.Range(0, 8).Select(_ => Task.Run(() => one.ConnectAsync(other.ListenAddresses[0]))));
            Assert.Single(connections.Distinct());
            await one.PingAsync(other.Id);
            Assert.False(connections[0].Ended.IsCompleted);
        }
    }

    [Fact]
    public async Task Gossip_goes_on_between_peers_that_dialled_each_other_at_once()
    {
        for (int round = 0; round < 10; round++)
        {
            await using Hosts hosts = new();
            List<GossipSub> gossips = [];
            int[] heard = [0, 0];
            void Configure(Libp2pHost host)
            {
                int index = gossips.Count;
                GossipSub gossip = new(host, new GossipOptions { Heartbeat = TimeSpan.FromMilliseconds(200) });
                gossip.Subscribe("t", (_, _) =>
                {
                    Interlocked.Increment(ref heard[index]);
                    return ValueTask.FromResult(GossipVerdict.Accept);
                });
                gossips.Add(gossip);
            }

            Libp2pHost one = await hosts.StartAsync(Configure), other = await hosts.StartAsync(Configure);
            one.Keep(other.ListenAddresses[0]);
            other.Keep(one.ListenAddresses[0]);

            // What is on its way on the connection that is given up is lost: others follow.
            int number = 0;
            await Hosts.UntilAsync(
                () =>
                {
                    gossips.ForEach(gossip => gossip.Publish("t", BitConverter.GetBytes(number++)));
                    return Volatile.Read(ref heard[0]) > 5 && Volatile.Read(ref heard[1]) > 5;
                },
                "both heard");
        }
    }

    /// <summary>A transport whose connections can be made to swallow what is written and to say nothing any more, as a pulled cable does.</summary>
    private sealed class SwallowingTransport(ITransport inner) : ITransport
    {
        private volatile TaskCompletionSource _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Cut()
        {
            TaskCompletionSource cut = _cut;
            _cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            cut.SetResult();
        }

        public bool Carries(Multiaddress address) => inner.Carries(address);

        public async ValueTask<ITransportConnection> DialAsync(Multiaddress address, CancellationToken cancellation) =>
            new Line(await inner.DialAsync(address, cancellation), _cut.Task);

        public ValueTask<ITransportListener> ListenAsync(Multiaddress address, CancellationToken cancellation) =>
            inner.ListenAsync(address, cancellation);

        private sealed class Line(ITransportConnection inner, Task cut) : ITransportConnection
        {
            private readonly CancellationTokenSource _aborted = new();

            public Multiaddress RemoteAddress => inner.RemoteAddress;

            public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
            {
                byte[] own = new byte[buffer.Length];
                Task<int> reading = inner.ReadAsync(own, cancellation).AsTask();
                if (cut.IsCompleted || await Task.WhenAny(reading, cut) == cut)
                {
                    try
                    {
                        await Task.Delay(Timeout.InfiniteTimeSpan, _aborted.Token);
                    }
                    catch (OperationCanceledException error)
                    {
                        throw new Libp2pException(Libp2pFailure.ConnectionClosed, "aborted", error);
                    }
                }

                int read = await reading;
                own.AsSpan(0, read).CopyTo(buffer.Span);
                return read;
            }

            public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default) =>
                cut.IsCompleted ? ValueTask.CompletedTask : inner.WriteAsync(data, cancellation);

            public ValueTask CloseWriteAsync(CancellationToken cancellation = default) => inner.CloseWriteAsync(cancellation);

            public void Abort()
            {
                // A pulled cable does not tell the other side.
                if (!cut.IsCompleted)
                {
                    inner.Abort();
                }

                _aborted.Cancel();
            }

            public ValueTask DisposeAsync()
            {
                Abort();
                return ValueTask.CompletedTask;
            }
        }
    }
}
