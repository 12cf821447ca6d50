using System.Buffers.Binary;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p;

/// <content>Dialling, accepting, and the life of a connection.</content>
public sealed partial class Libp2pHost
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The connection to the peer at an address, dialled where there is none. An id in the address must be the one that answers.
    /// </summary>
    /// <exception cref="Libp2pException">It cannot be reached, is another, or does not finish in time.</exception>
    public async Task<PeerConnection> ConnectAsync(Multiaddress address, CancellationToken cancellation = default)
    {
        PeerId expected = address.Peer;
        if (expected.IsEmpty)
        {
            return (await DialAsync(address, expected, cancellation)).AsDialled();
        }

        // One dial at a time: of two connections that finish in another order at the other side, each side would keep a different one.
        TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        while (!_dialling.TryAdd(expected, over.Task))
        {
            if (_dialling.TryGetValue(expected, out Task? other))
            {
                await EndOf(other, cancellation);
            }
        }

        try
        {
            return (Find(expected) ?? await DialAsync(address, expected, cancellation)).AsDialled();
        }
        finally
        {
            _dialling.TryRemove(expected, out _);
            over.SetResult();
        }
    }

    private async Task<PeerConnection> DialAsync(Multiaddress address, PeerId expected, CancellationToken cancellation)
    {
        if (!_options.Transport.Carries(address))
        {
            throw new Libp2pException(Libp2pFailure.NotReachable, $"{address} is not an address of this transport");
        }

        using Deadline deadline = DeadlineAfter(_options.Limits.HandshakeDeadline, cancellation);
        ITransportConnection? raw = null;
        try
        {
            raw = await _options.Transport.DialAsync(address, deadline.Token);
            PeerConnection connection = await _upgrader.DialerAsync(raw, expected, Serve, deadline.Token);
            return Enter(connection, raw, static () => { });
        }
        catch (Exception error)
        {
            raw?.Abort();

            // Where both sides dialled at once, the other connection may be the one that stays.
            return !expected.IsEmpty && Find(expected) is { } other
                ? other
                : throw Plain(error, $"{address} did not finish its handshakes in time", cancellation);
        }
    }

    /// <summary>Dials an address now, and again whenever the peer is not connected, until <see cref="Release"/>.</summary>
    public void Keep(Multiaddress address)
    {
        CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        if (_kept.TryAdd(address, stop))
        {
            CancellationToken token = stop.Token;
            Loop(() => KeepLoopAsync(address, token));
        }
        else
        {
            stop.Dispose();
        }
    }

    /// <summary>Keeps an address no longer; the connection there is stays.</summary>
    public void Release(Multiaddress address)
    {
        if (_kept.TryRemove(address, out CancellationTokenSource? stop))
        {
            stop.Cancel();
            stop.Dispose();
        }
    }

    private async Task KeepLoopAsync(Multiaddress address, CancellationToken stop)
    {
        TimeSpan backoff = _options.Limits.FirstBackoff;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                PeerConnection connection = await ConnectAsync(address, stop);
                await EndOf(connection.Ended, stop);

                // One that does not last must not be dialled at once for ever.
                bool lasted = Time.GetUtcNow() - connection.Opened > _options.Limits.MaxBackoff;
                backoff = lasted ? _options.Limits.FirstBackoff : backoff;
                await Task.Delay(Jitter(backoff), Time, stop);
            }
            catch (Exception error) when (error is not OperationCanceledException || !stop.IsCancellationRequested)
            {
                // Whatever it is, a peer that is to be kept is tried again.
                TimeSpan wait = Jitter(backoff);
                Log.CannotReach(_options.Logger, address, wait, error.Message);
                await Task.Delay(wait, Time, stop);
            }

            backoff = backoff * 2 < _options.Limits.MaxBackoff ? backoff * 2 : _options.Limits.MaxBackoff;
        }
    }

    /// <summary>Waits for what never fails, without the way through the thread pool that Task.WaitAsync takes.</summary>
    private static async Task EndOf(Task task, CancellationToken stop)
    {
        TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = task.ContinueWith(
            static (_, state) => ((TaskCompletionSource)state!).TrySetResult(),
            over,
            stop,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Current);
        using CancellationTokenRegistration registration = stop.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), over);
        await over.Task;
    }

    /// <summary>Half of the time, and up to half more at random.</summary>
    private TimeSpan Jitter(TimeSpan time)
    {
        Span<byte> random = stackalloc byte[sizeof(ushort)];
        _options.FillRandom(random);
        return (time / 2) + (time / 2 * (BinaryPrimitives.ReadUInt16LittleEndian(random) / (double)ushort.MaxValue));
    }

    private async Task AcceptLoopAsync(ITransportListener listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            ITransportConnection? raw;
            try
            {
                raw = await listener.AcceptAsync(_stopping.Token);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // Out of file descriptors, for one: others end, so try again. Nothing but the host's end may end this loop.
                Log.CannotAccept(_options.Logger, error);
                await Task.Delay(AcceptPause, Time, _stopping.Token);
                continue;
            }

            if (raw is null)
            {
                return;
            }

            string key = raw.RemoteAddress.LimitKey();
            if (_admission.TryEnter(key))
            {
                Run(() => AcceptAsync(raw, key));
            }
            else
            {
                raw.Abort();
            }
        }
    }

    private async Task AcceptAsync(ITransportConnection raw, string key)
    {
        bool entered = false;
        try
        {
            using Deadline deadline = DeadlineAfter(_options.Limits.HandshakeDeadline, CancellationToken.None);
            PeerConnection connection = await _upgrader.ListenerAsync(raw, Serve, deadline.Token);
            _ = Enter(connection, raw, () => _admission.Leave(key));
            entered = true;
        }
        catch (Exception error) when (error is Libp2pException or OperationCanceledException)
        {
            Log.HandshakeFailed(_options.Logger, raw.RemoteAddress, error.Message);
        }
        finally
        {
            _admission.Settle(key);
            if (!entered)
            {
                raw.Abort();
                _admission.Leave(key);
            }
        }
    }

    /// <summary>Puts a new connection among the others and returns the one that stays.</summary>
    private PeerConnection Enter(PeerConnection connection, ITransportConnection raw, Action onEnd)
    {
        bool wanted = connection.Outbound || _kept.Keys.Any(address => address.Peer == connection.Peer);
        PeerTable.Entry entry = _peers.Add(connection, wanted);
        if (entry.Refusal != Libp2pFailure.Unspecified)
        {
            throw new Libp2pException(entry.Refusal, $"no place for {connection.Peer}");
        }

        Loop(() => LiveAsync(connection, raw, entry.Kept == connection, onEnd));
        entry.Dropped?.Session.Abort(null);
        return entry.Kept!;
    }

    private async Task LiveAsync(PeerConnection connection, ITransportConnection raw, bool kept, Action onEnd)
    {
        try
        {
            if (kept && !_stopping.IsCancellationRequested)
            {
                Log.PeerConnected(_options.Logger, connection.Peer, connection.RemoteAddress);
                Tell(Connected, connection);
                Run(() => IdentifyAsync(connection));
                await connection.Session.RunAsync();
            }
            else
            {
                connection.Session.Abort(null);
                await connection.Session.RunAsync();
            }
        }
        finally
        {
            raw.Abort();
            _ = _peers.Remove(connection);
            onEnd();
            if (kept)
            {
                Log.PeerDisconnected(_options.Logger, connection.Peer, connection.Session.Cause?.Message ?? "closed");
                Tell(Disconnected, connection);
            }
        }
    }

    private void Serve(PeerConnection connection, IDuplex stream)
    {
        if (connection.CountUnnegotiated(1) > MaxUnnegotiated)
        {
            connection.CountUnnegotiated(-1);
            stream.Abort();
            return;
        }

        Run(() => ServeAsync(connection, stream));
    }
}
