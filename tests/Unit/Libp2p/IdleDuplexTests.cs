using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Requests;
using Kimura.Libp2p.Transports;
using Xunit;

namespace Kimura.Tests.Unit.Libp2p;

/// <summary>A request's stream whose other side is the test, under a clock that stands still until it is moved.</summary>
public sealed class IdleDuplexTests : IAsyncDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Nearly = Idle - TimeSpan.FromSeconds(1);
    private readonly ManualTimeProvider _time = new();
    private readonly List<IAsyncDisposable> _open = [];

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable open in _open)
        {
            await open.DisposeAsync();
        }
    }

    [Fact]
    public async Task Read_that_nothing_comes_to_ends_in_time_and_not_before()
    {
        (IdleDuplex stream, _) = await OpenAsync();
        await EndsInTimeAsync(stream.ReadAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task Transfer_that_moves_on_is_not_ended_and_its_last_wait_has_its_whole_time()
    {
        (IdleDuplex stream, ITransportConnection there) = await OpenAsync();
        for (int i = 0; i < 5; i++)
        {
            Task<int> reading = stream.ReadAsync(new byte[1]).AsTask();
            _time.Advance(Nearly);
            Assert.False(reading.IsCompleted);
            await there.WriteAsync(new byte[1]);
            Assert.Equal(1, await reading.WaitAsync(Hosts.Patience));
        }

        await EndsInTimeAsync(stream.ReadAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task Time_between_two_calls_does_not_count()
    {
        (IdleDuplex stream, ITransportConnection there) = await OpenAsync();
        Task<int> reading = stream.ReadAsync(new byte[1]).AsTask();
        await there.WriteAsync(new byte[1]);
        Assert.Equal(1, await reading.WaitAsync(Hosts.Patience));
        _time.Advance(Idle * 3);
        await stream.WriteAsync(new byte[1]);
        reading = stream.ReadAsync(new byte[1]).AsTask();
        _time.Advance(Nearly);
        await there.WriteAsync(new byte[1]);
        Assert.Equal(1, await reading.WaitAsync(Hosts.Patience));
    }

    [Fact]
    public async Task Write_that_nobody_reads_ends_in_time()
    {
        (IdleDuplex stream, _) = await OpenAsync();
        await EndsInTimeAsync(stream.WriteAsync(new byte[1024 * 1024]).AsTask());
    }

    [Fact]
    public async Task Callers_cancellation_stays_one_and_disposal_leaves_no_timer()
    {
        (IdleDuplex stream, _) = await OpenAsync();
        using CancellationTokenSource caller = new();
        Task<int> reading = stream.ReadAsync(new byte[1], caller.Token).AsTask();
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Hosts.Patience));
        await stream.DisposeAsync();
        Assert.Null(_time.NextDue);
    }

    private async Task EndsInTimeAsync(Task call)
    {
        _time.Advance(Nearly);
        Assert.False(call.IsCompleted);
        _time.Advance(Idle - Nearly + TimeSpan.FromMilliseconds(1));
        Assert.Equal(Libp2pFailure.TimedOut, (await Assert.ThrowsAsync<Libp2pException>(() => call.WaitAsync(Hosts.Patience))).Failure);
    }

    private async Task<(IdleDuplex Stream, ITransportConnection There)> OpenAsync()
    {
        MemoryNetwork network = new();
        ITransportListener listener = await network.At("10.0.0.1").ListenAsync(Multiaddress.Parse("/ip4/10.0.0.1/tcp/1"), default);
        ITransportConnection here = await network.At("10.0.0.2").DialAsync(listener.Address, default);
        ITransportConnection there = (await listener.AcceptAsync(default))!;
        IdleDuplex stream = new(here, _time, Idle);
        _open.AddRange([stream, there, listener]);
        return (stream, there);
    }
}
