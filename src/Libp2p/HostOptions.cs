using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Identities;
using Kimura.Libp2p.Transports;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kimura.Libp2p;

/// <summary>What a host is made of.</summary>
public sealed record HostOptions
{
    /// <summary>Who the host is; not disposed by it.</summary>
    public required Identity Identity { get; init; }

    /// <summary>What carries its connections.</summary>
    public required ITransport Transport { get; init; }

    /// <summary>Clock and timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Strong randomness: handshake keys are made of it.</summary>
    public required FillRandom FillRandom { get; init; }

    /// <summary>What the host's work runs on. Default: the thread pool.</summary>
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    /// <summary>Addresses to listen on. Default: none.</summary>
    public IReadOnlyList<Multiaddress> Listen { get; init; } = [];

    /// <summary>What the host calls itself in identify.</summary>
    public string Agent { get; init; } = "kimura-libp2p";

    /// <summary>The application's protocol family in identify.</summary>
    public string ProtocolVersion { get; init; } = "ipfs/0.1.0";

    /// <summary>What peers may cost.</summary>
    public ConnectionLimits Limits { get; init; } = new();

    /// <summary>Where failures are told.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
