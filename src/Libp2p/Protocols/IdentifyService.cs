using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Protocols;

/// <summary>identify and identify/push (libp2p/specs, identify).</summary>
internal static class IdentifyService
{
    public const string Protocol = "/ipfs/id/1.0.0";
    public const string PushProtocol = "/ipfs/id/push/1.0.0";

    private const int MaxMessage = 8 * 1024;
    private const int MaxMessages = 10;

    /// <summary>Sends the message and ends.</summary>
    public static async Task SendAsync(IDuplex stream, IdentifyMessage message, CancellationToken cancellation)
    {
        await stream.WriteAsync(message.ToFrame(), cancellation);
        await stream.CloseWriteAsync(cancellation);
    }

    /// <summary>Reads what the peer says to the end and keeps it with the connection.</summary>
    /// <exception cref="Libp2pException">Malformed, too long, or another's key.</exception>
    public static async Task ReceiveAsync(PeerConnection connection, IDuplex stream, CancellationToken cancellation)
    {
        await stream.CloseWriteAsync(cancellation);
        IdentifyMessage merged = new();
        for (int i = 0; await stream.ReadFrameAsync(MaxMessage, cancellation) is { } bytes; i++)
        {
            if (i == MaxMessages)
            {
                throw new Libp2pException(Libp2pFailure.LimitExceeded, "too many identify messages");
            }

            merged = merged.MergedWith(
                IdentifyMessage.TryDecode(bytes) ?? throw new Libp2pException(Libp2pFailure.ProtocolViolation, "not an identify message"));
        }

        if (merged.PublicKey is { } key && !key.AsSpan().SequenceEqual(connection.RemoteKey.Encoded))
        {
            throw new Libp2pException(Libp2pFailure.IdentityMismatch, "identify names another key than the handshake");
        }

        connection.Merge(merged);
    }
}
