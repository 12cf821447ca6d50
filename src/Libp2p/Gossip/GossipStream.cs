using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Negotiation;

namespace Kimura.Libp2p.Gossip;

/// <summary>The stream on which RPCs go to one peer. Nothing comes back on it but the answer to its protocol.</summary>
internal static class GossipStream
{
    /// <summary>Writes what the outbox has until it is closed; returns why it ended before that, or null.</summary>
    public static async Task<Libp2pException?> WriteAsync(
        Libp2pHost host, PeerConnection connection, PeerOutbox outbox, string protocol, TimeSpan writeDeadline)
    {
        using CancellationTokenSource broken = new();
        ProposedDuplex? stream = null;
        Task<Libp2pException?> watching = Task.FromResult<Libp2pException?>(null);
        Libp2pException? error = null;
        bool theirs = false;
        try
        {
            stream = new ProposedDuplex(connection.Session.Open(), protocol);
            watching = WatchAsync(stream, broken);
            while (await outbox.NextAsync(broken.Token) is { } frame)
            {
                using Deadline deadline = host.DeadlineAfter(writeDeadline, broken.Token);
                await stream.WriteAsync(frame, deadline.Token);
            }
        }
        catch (OperationCanceledException stopped)
        {
            error = new Libp2pException(Libp2pFailure.TimedOut, "the peer takes no gossip in time", stopped);
        }
        catch (Libp2pException failed)
        {
            error = failed;
        }
        finally
        {
            theirs = broken.IsCancellationRequested;
            stream?.Abort();
        }

        // Where the other side broke it, that is the reason; otherwise the watch ends with the stream.
        Libp2pException? seen = await watching;
        return theirs || (error is not null && seen?.Failure == Libp2pFailure.ProtocolNotSupported) ? seen : error;
    }

    private static async Task<Libp2pException?> WatchAsync(ProposedDuplex stream, CancellationTokenSource broken)
    {
        try
        {
            // The other side may end its direction, which it does not use.
            return await stream.ReadAsync(new byte[1]) == 0
                ? null
                : throw new Libp2pException(Libp2pFailure.ProtocolViolation, "the peer writes where it has nothing to say");
        }
        catch (Libp2pException error)
        {
            broken.Cancel();
            return error;
        }
    }
}
