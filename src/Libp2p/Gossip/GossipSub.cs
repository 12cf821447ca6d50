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
                Meet(connection);
            }
        };
        host.Disconnected += connection => Part(connection);
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

    private void Meet(PeerConnection connection)
    {
        PeerOutbox outbox = new(_options.MaxQueue);
        if (!connection.Ended.IsCompleted && _outboxes.TryAdd(connection, outbox))
        {
            if (_router.AddPeer(connection.Peer, connection.Outbound, connection.RemoteAddress.LimitKey(), outbox))
            {
                _host.Loop(() => WriteAsync(connection, outbox));
            }
            else
            {
                // The peer's former connection is not gone yet: it is met again when that is.
                _outboxes.TryRemove(connection, out _);
            }
        }
    }

    private void Part(PeerConnection connection)
    {
        if (_outboxes.TryRemove(connection, out PeerOutbox? outbox))
        {
            _router.RemovePeer(connection.Peer, outbox);
        }

        if (_host.Find(connection.Peer) is { } newer && newer != connection)
        {
            Meet(newer);
        }
    }

    private async Task WriteAsync(PeerConnection connection, PeerOutbox outbox)
    {
        try
        {
            await using IDuplex stream = await _host.OpenStreamAsync(connection.Peer, [Protocol]);
            _host.Run(() => WatchAsync(connection, stream));
            while (await outbox.NextAsync(CancellationToken.None) is { } frame)
            {
                await stream.WriteAsync(frame).AsTask().WaitAsync(_options.WriteDeadline, _host.Time);
            }
        }
        catch (TimeoutException)
        {
            Drop(connection.Peer);
        }
        finally
        {
            Part(connection);
        }
    }

    /// <summary>Nothing is said on this stream but the answer to its protocol: a refusal is the end of gossip with the peer.</summary>
    private async Task WatchAsync(PeerConnection connection, IDuplex stream)
    {
        try
        {
            _ = await stream.ReadAsync(new byte[1]);
        }
        catch (Libp2pException error) when (error.Failure == Libp2pFailure.ProtocolNotSupported)
        {
            if (_outboxes.TryRemove(connection, out PeerOutbox? outbox))
            {
                _router.RemovePeer(connection.Peer, outbox);
            }
        }
    }

    private async Task ReadAsync(PeerConnection connection, IDuplex stream, CancellationToken stop)
    {
        Meet(connection);
        while (await stream.ReadFrameAsync(_options.MaxRpc, stop) is { } frame)
        {
            foreach (GossipRouter.Validation validation in _router.Receive(connection.Peer, frame))
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
            GossipMessage message = new(validation.Senders[0], validation.Message.Topic, validation.Message.Data);
            verdict = await validation.Validator(message, stop);
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
            _router.Heartbeat();
        }
    }
}
