using System.Collections.Concurrent;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Muxing;
using Kimura.Libp2p.Negotiation;
using Kimura.Libp2p.Protocols;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p;

/// <summary>
/// A libp2p node: it listens, dials, keeps its configured peers, and carries streams of protocols. Answers identify and ping by itself.
/// Thread-safe. Handlers are added before or after the start.
/// </summary>
public sealed partial class Libp2pHost : IAsyncDisposable
{
    private readonly HostOptions _options;
    private readonly ProtocolTable _protocols = new();
    private readonly PeerTable _peers;
    private readonly AdmissionGate _admission;
    private readonly Upgrader _upgrader;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Multiaddress, CancellationTokenSource> _kept = new();
    private readonly ConcurrentDictionary<PeerId, Task> _dialling = new();
    private readonly ConcurrentDictionary<Task, byte> _loops = new();
    private readonly List<ITransportListener> _listeners = [];
    private int _disposed;

    /// <summary>Makes a host, which does nothing until it is started.</summary>
    public Libp2pHost(HostOptions options)
    {
        _options = options;
        _peers = new PeerTable(options.Identity.Id, options.Limits);
        _admission = new AdmissionGate(options.Limits, options.Time);
        _upgrader = new Upgrader(options);
        Handle(
            IdentifyService.Protocol,
            (peer, stream, stop) => IdentifyService.SendAsync(stream, Describe(peer), stop),
            new StreamLimits(4));
        Handle(IdentifyService.PushProtocol, ReceivePushAsync, new StreamLimits(2));
        Handle(PingService.Protocol, PingService.EchoAsync, PingService.Limits);
    }

#pragma warning disable MA0046 // The host is the only sender, and who listens wants the connection alone.
    /// <summary>A peer is connected; it is not identified yet. Raised once a connection, and not to be blocked.</summary>
    public event Action<PeerConnection>? Connected;

    /// <summary>A peer has said, or could not say, what protocols it serves; again when that changes.</summary>
    public event Action<PeerConnection>? Identified;

    /// <summary>A connection has ended. There may be a newer one with the peer already: <see cref="Find"/> knows.</summary>
    public event Action<PeerConnection>? Disconnected;
#pragma warning restore MA0046

    /// <summary>This host's peer id.</summary>
    public PeerId Id => _options.Identity.Id;

    /// <summary>Where this host listens, with real ports and its peer id.</summary>
    public IReadOnlyList<Multiaddress> ListenAddresses { get; private set; } = [];

    /// <summary>The connections there are.</summary>
    public IReadOnlyList<PeerConnection> Connections => _peers.All;

    /// <summary>The clock that was injected.</summary>
    public TimeProvider Time => _options.Time;

    internal HostOptions Options => _options;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="Libp2pException">An address cannot be had.</exception>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        foreach (Multiaddress address in _options.Listen)
        {
            ITransportListener listener = await _options.Transport.ListenAsync(address, cancellation);
            _listeners.Add(listener);
            Loop(() => AcceptLoopAsync(listener));
        }

        ListenAddresses = [.. _listeners.Select(listener => listener.Address.WithPeer(Id))];
    }

    /// <summary>Serves a protocol, and tells the peers there are.</summary>
    /// <exception cref="ArgumentException">It is served already.</exception>
    public void Handle(string protocol, StreamHandler handler, StreamLimits? limits = null)
    {
        _protocols.Add(protocol, handler, limits ?? new StreamLimits());
        foreach (PeerConnection connection in _peers.All)
        {
            Run(() => PushAsync(connection));
        }
    }

    /// <summary>The connection to a peer; null where there is none, or it is about to end.</summary>
    public PeerConnection? Find(PeerId peer) => _peers.Find(peer);

    /// <summary>
    /// Opens a stream for the first of the protocols that the peer takes. With one protocol nothing is waited for: a refusal shows in
    /// reading.
    /// </summary>
    /// <exception cref="Libp2pException">Not connected, none taken, or too many streams.</exception>
    public async ValueTask<IDuplex> OpenStreamAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation = default)
    {
        PeerConnection connection = Find(peer) ?? throw new Libp2pException(Libp2pFailure.NotReachable, $"{peer} is not connected");
        YamuxStream stream = connection.Session.Open();
        if (protocols.Count == 1)
        {
            return new ProposedDuplex(stream, protocols[0]);
        }

        try
        {
            using Deadline deadline = DeadlineAfter(_options.Limits.NegotiationDeadline, cancellation);
            _ = await Multistream.SelectAsync(stream, protocols, deadline.Token);
            return stream;
        }
        catch (Exception error)
        {
            stream.Abort();
            throw Plain(error, "no protocol was agreed on in time", cancellation);
        }
    }

    /// <summary>Measures the time to a peer and back.</summary>
    /// <exception cref="Libp2pException">Not connected, or no answer.</exception>
    public async Task<TimeSpan> PingAsync(PeerId peer, CancellationToken cancellation = default)
    {
        await using IDuplex stream = await OpenStreamAsync(peer, [PingService.Protocol], cancellation);
        using Deadline deadline = DeadlineAfter(_options.Limits.NegotiationDeadline, cancellation);
        try
        {
            return await PingService.MeasureAsync(stream, _options.FillRandom, Time, deadline.Token);
        }
        catch (OperationCanceledException error)
        {
            throw Plain(error, "no answer to a ping", cancellation);
        }
    }

    /// <summary>Ends the connection to a peer, if there is one. A kept peer is dialled again after a while.</summary>
    public void Disconnect(PeerId peer) => _peers.FindAny(peer)?.Session.Abort(null);

    /// <summary>Tells the log of a failure that only a bug, here or in the application, can cause.</summary>
    internal void ReportBug(Exception error) => LogBug(error);

    /// <summary>Tells all who listen, whatever one of them throws.</summary>
    private void Tell(Action<PeerConnection>? listeners, PeerConnection connection)
    {
        foreach (Delegate listener in listeners?.GetInvocationList() ?? [])
        {
            try
            {
                ((Action<PeerConnection>)listener)(connection);
            }
            catch (Exception error)
            {
                LogBug(error);
            }
        }
    }

    /// <summary>Ends everything: listeners, dialling, connections; returns when all of it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        // Not CancelAsync, which goes through the thread pool.
        _stopping.Cancel();
        foreach (ITransportListener listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        while (!_loops.IsEmpty)
        {
            foreach (PeerConnection connection in _peers.All)
            {
                connection.Session.Abort(null);
            }

            await Task.WhenAll(_loops.Keys);
        }
    }

    /// <summary>A token that ends with the host, with the caller's token, or after the time.</summary>
    internal Deadline DeadlineAfter(TimeSpan time, CancellationToken cancellation) => new(time, Time, cancellation, _stopping.Token);

    /// <summary>Waits; ends with the host.</summary>
    /// <exception cref="OperationCanceledException">The host ends.</exception>
    internal Task DelayAsync(TimeSpan time) => Task.Delay(time, Time, _stopping.Token);

    /// <summary>Starts work on the host's scheduler that the host waits for when it is disposed.</summary>
    internal void Loop(Func<Task> work)
    {
        Task task = Start(work);
        _loops.TryAdd(task, 0);
        _ = task.ContinueWith(
            static (ended, state) => ((ConcurrentDictionary<Task, byte>)state!).TryRemove(ended, out _),
            _loops,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            _options.Scheduler);
    }

    /// <summary>Starts work on the host's scheduler; its failures are told to the log.</summary>
    internal void Run(Func<Task> work) => _ = Start(work);

    /// <summary>Failures as callers expect them: a deadline of ours is a failure, the caller's own cancellation is not.</summary>
    internal static Exception Plain(Exception error, string onTimeout, CancellationToken caller) =>
        error is OperationCanceledException && !caller.IsCancellationRequested
            ? new Libp2pException(Libp2pFailure.TimedOut, onTimeout, error)
            : error;

    private Task Start(Func<Task> work) =>
        Task.Factory
            .StartNew(() => GuardAsync(work), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _options.Scheduler)
            .Unwrap();

    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception error) when (error is Libp2pException or OperationCanceledException)
        {
            LogEnded(error.Message);
        }
        catch (Exception error)
        {
            LogBug(error);
        }
    }
}
