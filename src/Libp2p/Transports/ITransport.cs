using Kimura.Libp2p.Addressing;

namespace Kimura.Libp2p.Transports;

/// <summary>What carries connections: TCP in production, simulated links otherwise.</summary>
public interface ITransport
{
    /// <summary>True for addresses of this transport.</summary>
    bool Carries(Multiaddress address);

    /// <summary>Opens a connection.</summary>
    /// <exception cref="Libp2pException"><see cref="Libp2pFailure.NotReachable"/>.</exception>
    ValueTask<ITransportConnection> DialAsync(Multiaddress address, CancellationToken cancellation);

    /// <summary>Starts to listen; port 0 takes a free one.</summary>
    /// <exception cref="Libp2pException"><see cref="Libp2pFailure.NotReachable"/>: the address cannot be had.</exception>
    ValueTask<ITransportListener> ListenAsync(Multiaddress address, CancellationToken cancellation);
}

/// <summary>An address that is listened on; disposing it ends that.</summary>
public interface ITransportListener : IAsyncDisposable
{
    /// <summary>The address, with its real port.</summary>
    Multiaddress Address { get; }

    /// <summary>The next connection from outside; null once disposed.</summary>
    ValueTask<ITransportConnection?> AcceptAsync(CancellationToken cancellation);
}
