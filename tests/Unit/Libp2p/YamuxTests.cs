using System.Buffers.Binary;
using System.Collections.Concurrent;
using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Muxing;
using Kimura.Libp2p.Transports;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>A session whose other side is the test itself, frame by frame, under a clock that stands still until it is moved.</summary>
public sealed class YamuxTests : IAsyncDisposable
{
    private const int Window = YamuxOptions.InitialWindow;
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(50);
    private readonly ManualTimeProvider _time = new();
    private readonly BufferBudget _budget = new(64L * 1024 * 1024, 16);
    private readonly ConcurrentQueue<YamuxStream> _inbound = [];
    private ITransportConnection? _there;
    private Task? _running;

    public async ValueTask DisposeAsync()
    {
        _there?.Abort();
        await (_running ?? Task.CompletedTask).WaitAsync(Hosts.Patience);
    }

    [Fact]
    public async Task Window_grows_where_it_is_used_up_within_a_few_round_trips_and_not_otherwise()
    {
        YamuxSession session = await StartAsync();
        await AnswerPingAsync();
        Assert.Equal(RoundTrip, session.RoundTrip);
        await SendAsync(YamuxType.Data, YamuxFlags.Syn, 2, new byte[Window]);
        Assert.Equal(YamuxFlags.Ack, (await NextAsync()).Flags);
        YamuxStream stream = await OpenedAsync(1);
        await stream.ReadExactlyAsync(new byte[Window / 2], CancellationToken.None);
        Assert.Equal(new YamuxHeader(YamuxType.WindowUpdate, YamuxFlags.None, 2, (Window / 2) + Window), await NextAsync());
        Assert.Equal(Window, stream.Grown);

        await SendAsync(YamuxType.Data, YamuxFlags.None, 2, new byte[Window]);
        _time.Advance(RoundTrip * 5);
        await stream.ReadExactlyAsync(new byte[Window], CancellationToken.None);
        Assert.Equal(new YamuxHeader(YamuxType.WindowUpdate, YamuxFlags.None, 2, Window), await NextAsync());
        Assert.Equal(Window, stream.Grown);
    }

    [Fact]
    public async Task Windows_of_a_connection_grow_to_half_of_what_it_may_hold_only()
    {
        _ = await StartAsync();
        await AnswerPingAsync();
        const int Streams = 64;
        for (uint id = 2; id <= 2 * Streams; id += 2)
        {
            await SendAsync(YamuxType.Data, YamuxFlags.Syn, id, new byte[Window / 2]);
            Assert.Equal(YamuxFlags.Ack, (await NextAsync()).Flags);
            await (await OpenedAsync((int)id / 2)).ReadExactlyAsync(new byte[Window / 2], CancellationToken.None);
            _ = await NextAsync();
        }

        Assert.Equal(new YamuxOptions().MaxBuffered / 2, _inbound.Sum(stream => stream.Grown));
    }

    [Fact]
    public async Task Connection_that_dies_silently_ends_within_25_seconds()
    {
        YamuxSession session = await StartAsync();
        await AnswerPingAsync();
        TimeSpan passed = TimeSpan.Zero;
        while (!session.Ended.IsCompleted)
        {
            await Hosts.UntilAsync(() => _time.NextDue is not null || session.Ended.IsCompleted, "the next beat");
            if (_time.NextDue is { } due)
            {
                passed += due - _time.GetUtcNow();
                _time.Advance(due - _time.GetUtcNow());
            }
        }

        Assert.InRange(passed, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(25));
        Assert.Equal(Libp2pFailure.TimedOut, session.Cause!.Failure);
    }

    [Fact]
    public async Task What_was_unread_of_an_ended_stream_is_given_back_when_it_is_disposed()
    {
        YamuxSession session = await StartAsync();
        _ = await NextAsync();
        for (int i = 0; i < 100; i++)
        {
            YamuxStream stream = session.Open();
            await stream.CloseWriteAsync();
            Assert.Equal(YamuxFlags.Syn, (await NextAsync()).Flags);
            Assert.Equal(YamuxFlags.Fin, (await NextAsync()).Flags);
            await SendAsync(YamuxType.Data, YamuxFlags.Ack | YamuxFlags.Fin, stream.Id, new byte[Window]);
            await Hosts.UntilAsync(() => session.StreamCount == 0, "ended by both");
            Assert.True(_budget.Held > 0);
            await stream.DisposeAsync();
            Assert.Equal(0, _budget.Held);
        }

        Assert.False(session.Closing);
    }

    [Fact]
    public async Task Peer_with_more_than_its_share_of_a_full_budget_is_ended_and_all_is_given_back()
    {
        YamuxSession session = await StartAsync();
        _ = await NextAsync();
        Assert.True(_budget.TryTake(60 * 1024 * 1024, own: 0));
        Task sending = Task.Run(async () =>
        {
            for (uint id = 2; id <= 2 * 64; id += 2)
            {
                await SendAsync(YamuxType.Data, YamuxFlags.Syn, id, new byte[Window]);
            }
        });
        await Assert.ThrowsAsync<Libp2pException>(() => sending);
        await session.Ended.WaitAsync(Hosts.Patience);
        Assert.Equal(Libp2pFailure.LimitExceeded, session.Cause!.Failure);
        Assert.Equal(60 * 1024 * 1024, _budget.Held);
    }

    [Fact]
    public async Task After_a_goodbye_nothing_is_opened_and_the_session_ends_with_its_streams()
    {
        YamuxSession session = await StartAsync();
        _ = await NextAsync();
        YamuxStream stream = session.Open();
        await SendAsync(YamuxType.GoAway, YamuxFlags.None, 0, []);
        await Hosts.UntilAsync(() => session.Closing, "heard");
        Assert.Throws<Libp2pException>(() => session.Open());
        await SendAsync(YamuxType.Data, YamuxFlags.Ack | YamuxFlags.Fin, stream.Id, [7]);
        byte[] last = new byte[1];
        await stream.ReadExactlyAsync(last, CancellationToken.None);
        Assert.Equal(7, last[0]);
        await stream.CloseWriteAsync();
        await Hosts.UntilAsync(() => _time.NextDue is not null, "the next beat");
        _time.Advance(TimeSpan.FromSeconds(5));
        await session.Ended.WaitAsync(Hosts.Patience);
        Assert.Null(session.Cause);
    }

    private async Task<YamuxSession> StartAsync()
    {
        MemoryNetwork network = new();
        ITransportListener listener = await network.At("10.0.0.1").ListenAsync(Multiaddress.Parse("/ip4/10.0.0.1/tcp/1"), default);
        _there = await network.At("10.0.0.2").DialAsync(listener.Address, default);
        ITransportConnection here = (await listener.AcceptAsync(default))!;
        YamuxSession session = new(here, client: true, new YamuxOptions { Budget = _budget }, _time, _inbound.Enqueue);
        _running = Task.Run(session.RunAsync);
        return session;
    }

    /// <summary>The last of so many streams that the test has opened.</summary>
    private async Task<YamuxStream> OpenedAsync(int count)
    {
        await Hosts.UntilAsync(() => _inbound.Count == count, "opened");
        return _inbound.Last();
    }

    private async Task AnswerPingAsync()
    {
        YamuxHeader ping = await NextAsync();
        Assert.Equal((YamuxType.Ping, YamuxFlags.Syn), (ping.Type, ping.Flags));
        _time.Advance(RoundTrip);
        await SendAsync(YamuxType.Ping, YamuxFlags.Ack, 0, [], ping.Length);

        // One more ping of the test's own: its answer shows that the other was taken.
        await SendAsync(YamuxType.Ping, YamuxFlags.Syn, 0, [], 99);
        Assert.Equal(new YamuxHeader(YamuxType.Ping, YamuxFlags.Ack, 0, 99), await NextAsync());
    }

    private async Task SendAsync(YamuxType type, YamuxFlags flags, uint stream, byte[] data, uint value = 0)
    {
        byte[] frame = new byte[YamuxHeader.Size + data.Length];
        new YamuxHeader(type, flags, stream, data.Length > 0 ? (uint)data.Length : value).Write(frame);
        data.CopyTo(frame, YamuxHeader.Size);
        await _there!.WriteAsync(frame);
    }

    private async Task<YamuxHeader> NextAsync()
    {
        byte[] header = new byte[YamuxHeader.Size];
        await _there!.ReadExactlyAsync(header, CancellationToken.None).AsTask().WaitAsync(Hosts.Patience);
        Assert.True(YamuxHeader.TryRead(header, out YamuxHeader frame));
        Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(header) >> 8);
        return frame;
    }
}
