using System.Collections.Concurrent;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Gossip;

/// <summary>
/// Gossipsub v1.1 on a host (libp2p/specs, pubsub/gossipsub): unsigned messages (StrictNoSign) whose id is SHA-256 of their data; who
/// wrote them is for the application to sign. Thread-safe. Ends with the host.
/// </summary>
public sealed class GossipSub
{
    private const string Protocol = "/meshsub/1.1.0";
    private const int MaxReopenings = 3;
    private static readonly TimeSpan ReopenPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastingStream = TimeSpan.FromSeconds(30);
    private readonly Lock _meeting = new();
    private readonly ConcurrentDictionary<PeerConnection, PeerOutbox> _outboxes = new();
    private readonly Libp2pHost _host;
    private readonly GossipOptions _options;
    private readonly GossipRouter _router;

    /// <summary>Puts gossip on a host; before it is started, so that the first peers learn of it.</summary>
    public GossipSub(Libp2pHost host, GossipOptions? options = null)
    {
        _host = host;
        _options = options ?? new GossipOptions();
        _router = new GossipRouter(_options, host.Time, host.Options.FillRandom, Drop);
        host.Identified += connection =>
        {
            IReadOnlyList<string> spoken = connection.Protocols;
            if (spoken.Count == 0 || spoken.Any(static name => name.StartsWith("/meshsub/", StringComparison.Ordinal)))
            {
                _ = Meet(connection);
            }
        };
        host.Disconnected += Part;
        host.Handle(Protocol, ReadAsync, new StreamLimits(PerPeer: 2, Total: 1024));
        host.Loop(BeatAsync);
    }

    /// <summary>Joins a topic; the validator gets every message of it once, and decides whether it is forwarded.</summary>
    /// <exception cref="ArgumentException">Joined already, or the name is not 1 to 256 bytes.</exception>
    public void Subscribe(string topic, GossipValidator validator) => _router.Join(topic, validator);

    /// <summary>Leaves a topic.</summary>
    public void Unsubscribe(string topic) => _router.Leave(topic);

    /// <summary>
    /// Sends a message to every connected peer of the topic; it is not given to the validator of this host. Returns to how many it goes,
    /// or -1 where the same data was seen lately.
    /// </summary>
    /// <exception cref="ArgumentException">The data is larger than the limit.</exception>
    public int Publish(string topic, ReadOnlyMemory<byte> data) => data.Length <= _options.MaxMessage
        ? _router.Publish(topic, data)
        : throw new ArgumentException($"A message has at most {_options.MaxMessage} bytes.", nameof(data));

    /// <summary>The score of a connected peer, or null.</summary>
    public double? ScoreOf(PeerId peer) => _router.ScoreOf(peer);

    /// <summary>How many connected peers are subscribed to a topic, and which of them are in this host's mesh.</summary>
    public (int Subscribed, IReadOnlyList<PeerId> Mesh) Describe(string topic) => _router.Describe(topic);

    private void Drop(PeerId peer) => _host.Run(() =>
    {
        _host.Disconnect(peer);
        return Task.CompletedTask;
    });

    /// <summary>What goes to the peer of a connection, which is taken in where it was not; null where a newer connection has taken over.</summary>
    private PeerOutbox? Meet(PeerConnection connection)
    {
        if (_outboxes.TryGetValue(connection, out PeerOutbox? known))
        {
            return known;
        }

        double application = Rating(connection.Peer);
        lock (_meeting)
        {
            if (connection.Session.Closing || _outboxes.ContainsKey(connection))
            {
                return _outboxes.GetValueOrDefault(connection);
            }

            PeerOutbox outbox = new(_options.MaxQueue);
            string address = connection.RemoteAddress.LimitKey();
            if (!_router.AddPeer(new(connection.Peer, connection.Outbound, address, outbox, connection.Number), application))
            {
                return null;
            }

            _outboxes[connection] = outbox;
            _host.Loop(() => WriteAsync(connection, outbox));
            return outbox;
        }
    }

    private void Part(PeerConnection connection)
    {
        lock (_meeting)
        {
            if (_outboxes.TryRemove(connection, out PeerOutbox? outbox))
            {
                _router.RemovePeer(connection.Peer, outbox);
            }
        }
    }

    /// <summary>
    /// Keeps a stream to the peer. One that is reset is opened anew, and all is said again; where that does not help the connection ends,
    /// so that who keeps it dials again. A peer that does not speak the protocol is left alone.
    /// </summary>
    private async Task WriteAsync(PeerConnection connection, PeerOutbox outbox)
    {
        try
        {
            for (int failures = 0; ;)
            {
                long opened = _host.Time.GetTimestamp();
                Libp2pException? error = await GossipStream.WriteAsync(_host, connection, outbox, Protocol, _options.WriteDeadline);
                if (error is null || error.Failure == Libp2pFailure.ProtocolNotSupported || connection.Session.Closing)
                {
                    return;
                }

                failures = _host.Time.GetElapsedTime(opened) > LastingStream ? 1 : failures + 1;
                if (failures > MaxReopenings || error.Failure == Libp2pFailure.TimedOut)
                {
                    connection.Session.Abort(error);
                    return;
                }

                await _host.DelayAsync(ReopenPause * failures);
                if (!_router.Greet(connection.Peer, outbox))
                {
                    return;
                }
            }
        }
        finally
        {
            Part(connection);
        }
    }

    private async Task ReadAsync(PeerConnection connection, IDuplex stream, CancellationToken stop)
    {
        _ = Meet(connection);
        while (await stream.ReadFrameAsync(_options.MaxRpc, stop) is { } frame)
        {
            if (!_outboxes.TryGetValue(connection, out PeerOutbox? outbox))
            {
                // Unknown to the router, it would be held to no limit.
                connection.Spend(connection.Missteps, "gossip streams to no use");
                throw new Libp2pException(Libp2pFailure.ProtocolViolation, "gossip from a peer that takes none, or on an old connection");
            }

            foreach (GossipRouter.Validation validation in _router.Receive(connection.Peer, outbox, frame))
            {
                _host.Run(() => JudgeAsync(validation, stop));
            }
        }

        await stream.CloseWriteAsync(stop);
    }

    private async Task JudgeAsync(GossipRouter.Validation validation, CancellationToken stop)
    {
        GossipVerdict verdict = GossipVerdict.Ignore;
        try
        {
            using Deadline deadline = _host.DeadlineAfter(_options.ValidationDeadline, stop);
            GossipMessage message = new(validation.First.Id, validation.Message.Topic, validation.Message.Data);
            verdict = await validation.Validator(message, deadline.Token);
        }
        finally
        {
            _router.Judged(validation, verdict);
        }
    }

    private async Task BeatAsync()
    {
        while (true)
        {
            await _host.DelayAsync(_options.Heartbeat);
            try
            {
                if (_options.Score.Application is not null)
                {
                    foreach (PeerId peer in _router.Peers)
                    {
                        _router.Rate(peer, Rating(peer));
                    }
                }

                _router.Heartbeat();
            }
            catch (Exception error)
            {
                // Nothing but the host's end ends the heartbeat.
                _host.ReportBug(error);
            }
        }
    }

    /// <summary>What the application thinks of a peer, asked outside of all locks.</summary>
    private double Rating(PeerId peer)
    {
        try
        {
            return _options.Score.Application?.Invoke(peer) ?? 0;
        }
        catch (Exception error)
        {
            _host.ReportBug(error);
            return _router.RatingOf(peer);
        }
    }
}
