using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p;

/// <summary>
/// Serves one inbound stream. The stream is disposed when the task ends: a handler that did not close its writing side has it reset. The
/// token ends with the host.
/// </summary>
public delegate Task StreamHandler(PeerConnection connection, IDuplex stream, CancellationToken cancellation);

/// <summary>Most inbound streams of a protocol.</summary>
/// <param name="PerPeer">Of one peer.</param>
/// <param name="Total">Of all peers.</param>
public sealed record StreamLimits(int PerPeer = 16, int Total = 512);
