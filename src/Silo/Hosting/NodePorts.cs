using System.Security.Cryptography;
using Kimura.Chain.Verification;
using Kimura.Libp2p;
using Kimura.Libp2p.Tcp;
using Kimura.Libp2p.Transports;

namespace Kimura.Silo.Hosting;

/// <summary>All of the world that a node touches, but for its gateway: a machine in production, a simulated one in simulation.</summary>
internal sealed record NodePorts
{
    /// <summary>The clock, and all timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>What all work beside the gateway's requests runs on.</summary>
    public required TaskScheduler Scheduler { get; init; }

    /// <summary>Strong randomness: handshake keys are made of it.</summary>
    public required FillRandom FillRandom { get; init; }

    /// <summary>What carries connections to other nodes.</summary>
    public required ITransport Transport { get; init; }

    /// <summary>Where work for several cores runs.</summary>
    public required IWorkers Workers { get; init; }

    /// <summary>What the node keeps.</summary>
    public required INodeFiles Files { get; init; }

    /// <summary>This machine: the thread pool, TCP, the data directory.</summary>
    public static NodePorts OfMachine(TimeProvider time, IWorkers workers, INodeFiles files) => new()
    {
        Time = time,
        Scheduler = TaskScheduler.Default,
        FillRandom = RandomNumberGenerator.Fill,
        Transport = new TcpTransport(),
        Workers = workers,
        Files = files,
    };
}
