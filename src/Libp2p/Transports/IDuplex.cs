using Kimura.Libp2p.Addressing;

namespace Kimura.Libp2p.Transports;

/// <summary>
/// Bytes in both directions, in order: a connection of a transport, what is secured over it, and a stream of a multiplexed connection.
/// One reader and one writer at a time. Disposing it without having read and written to both ends resets it.
/// </summary>
public interface IDuplex : IAsyncDisposable
{
    /// <summary>Reads at least one byte, or 0 at the other side's end.</summary>
    /// <exception cref="Libp2pException">Reset, or the connection ended.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default);

    /// <summary>Writes all bytes; when it returns they may still be on their way.</summary>
    /// <exception cref="Libp2pException">Reset, or the connection ended.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default);

    /// <summary>Says that nothing more will be written; reading goes on.</summary>
    ValueTask CloseWriteAsync(CancellationToken cancellation = default);

    /// <summary>Ends both directions at once; waiting calls fail. Never throws, may be called again.</summary>
    void Abort();
}

/// <summary>A connection of a transport.</summary>
public interface ITransportConnection : IDuplex
{
    /// <summary>Where the other side is, as seen from here.</summary>
    Multiaddress RemoteAddress { get; }
}
