using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Protocols;

/// <summary>ping (libp2p/specs, ping): 32 bytes that come back.</summary>
internal static class PingService
{
    public const string Protocol = "/ipfs/ping/1.0.0";
    private const int Size = 32;

    /// <summary>Two streams of a peer, as the specification allows.</summary>
    public static StreamLimits Limits { get; } = new(PerPeer: 2);

    public static async Task EchoAsync(PeerConnection connection, IDuplex stream, CancellationToken cancellation)
    {
        byte[] block = new byte[Size];
        while (await stream.TryReadExactlyAsync(block, cancellation))
        {
            connection.Spend(connection.Pings, "pings");
            await stream.WriteAsync(block, cancellation);
        }

        await stream.CloseWriteAsync(cancellation);
    }

    /// <summary>The time until the bytes came back.</summary>
    /// <exception cref="Libp2pException">They did not, or others did.</exception>
    public static async Task<TimeSpan> MeasureAsync(
        IDuplex stream, FillRandom fillRandom, TimeProvider time, CancellationToken cancellation)
    {
        byte[] sent = new byte[Size], received = new byte[Size];
        fillRandom(sent);
        long started = time.GetTimestamp();
        await stream.WriteAsync(sent, cancellation);
        await stream.ReadExactlyAsync(received, cancellation);
        TimeSpan elapsed = time.GetElapsedTime(started);
        await stream.CloseWriteAsync(cancellation);
        return sent.AsSpan().SequenceEqual(received)
            ? elapsed
            : throw new Libp2pException(Libp2pFailure.ProtocolViolation, "other bytes came back than were sent");
    }
}
