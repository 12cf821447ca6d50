using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Requests;

/// <summary>
/// A stream that fails once reading or writing makes no progress for a while; a long transfer that moves on is no failure. One call at a time;
/// one that is cancelled or comes too late ends the stream.
/// </summary>
internal sealed class IdleDuplex(IDuplex inner, TimeProvider time, TimeSpan idle) : IDuplex
{
    private const int Step = 64 * 1024;

    // Timers count in whole milliseconds: one that comes too early would come again at once.
    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(1);

    private readonly CancellationTokenSource _end = new();
    private ITimer? _clock;
    private long _waitsSince;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        Task<int> reading = inner.ReadAsync(buffer, _end.Token).AsTask();
        await WatchAsync(reading, "nothing comes in time", cancellation);
        return await reading;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default)
    {
        while (!data.IsEmpty)
        {
            int size = Math.Min(data.Length, Step);
            await WatchAsync(inner.WriteAsync(data[..size], _end.Token).AsTask(), "nothing is read in time", cancellation);
            data = data[size..];
        }
    }

    public async ValueTask CloseWriteAsync(CancellationToken cancellation = default) =>
        await WatchAsync(inner.CloseWriteAsync(_end.Token).AsTask(), "no answer in time", cancellation);

    public void Abort() => inner.Abort();

    public ValueTask DisposeAsync()
    {
        _clock?.Dispose();
        return inner.DisposeAsync();
    }

    private async ValueTask WatchAsync(Task call, string onTimeout, CancellationToken cancellation)
    {
        if (call.IsCompletedSuccessfully)
        {
            return;
        }

        using CancellationTokenRegistration caller = cancellation.UnsafeRegister(static end => ((CancellationTokenSource)end!).Cancel(), _end);
        Volatile.Write(ref _waitsSince, time.GetTimestamp());
        if (_clock is null)
        {
            _clock = time.CreateTimer(static self => ((IdleDuplex)self!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Look();
        }

        try
        {
            await call;
        }
        catch (OperationCanceledException error)
        {
            throw Libp2pHost.Plain(error, onTimeout, cancellation);
        }
        finally
        {
            Volatile.Write(ref _waitsSince, 0);
        }
    }

    /// <summary>Ends a call that has waited too long; looks again when the one under way, or the next, would have.</summary>
    private void Look()
    {
        long since = Volatile.Read(ref _waitsSince);
        TimeSpan left = since == 0 ? idle : idle - time.GetElapsedTime(since);
        if (left > TimeSpan.Zero)
        {
            _clock!.Change(left + Rounding, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _end.Cancel();
        }
    }
}
