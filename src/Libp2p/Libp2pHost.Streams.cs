using Kimura.Libp2p.Connections;
using Kimura.Libp2p.Negotiation;
using Kimura.Libp2p.Protocols;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p;

/// <content>Inbound streams, identify and its push.</content>
public sealed partial class Libp2pHost
{
    private const int MaxUnnegotiated = 256;

    private async Task ServeAsync(PeerConnection connection, IDuplex stream)
    {
        string protocol;
        try
        {
            using Deadline deadline = DeadlineAfter(_options.Limits.NegotiationDeadline, CancellationToken.None);
            protocol = await Multistream.AcceptAsync(stream, _protocols.Contains, deadline.Token);
        }
        catch (Exception)
        {
            stream.Abort();
            connection.Spend(connection.Missteps, "streams without a protocol");
            throw;
        }
        finally
        {
            connection.CountUnnegotiated(-1);
        }

        if (_protocols.Enter(protocol, connection.Peer) is not { } handler)
        {
            stream.Abort();
            return;
        }

        try
        {
            await handler(connection, stream, _stopping.Token);
        }
        catch (Exception)
        {
            stream.Abort();
            throw;
        }
        finally
        {
            _protocols.Leave(protocol, connection.Peer);
            await stream.DisposeAsync();
        }
    }

    private IdentifyMessage Describe(PeerConnection connection) => new()
    {
        PublicKey = _options.Identity.PublicKey.Encoded,
        ListenAddresses = [.. ListenAddresses.Select(address => address.WithoutPeer())],
        Protocols = _protocols.Names,
        ObservedAddress = connection.RemoteAddress,
        ProtocolVersion = _options.ProtocolVersion,
        Agent = _options.Agent,
    };

    private async Task IdentifyAsync(PeerConnection connection)
    {
        using Deadline deadline = DeadlineAfter(_options.Limits.NegotiationDeadline, CancellationToken.None);
        try
        {
            await using IDuplex stream = new ProposedDuplex(connection.Session.Open(), IdentifyService.Protocol);
            await IdentifyService.ReceiveAsync(connection, stream, deadline.Token);
        }
        catch (Libp2pException error) when (error.Failure == Libp2pFailure.IdentityMismatch)
        {
            connection.Session.Abort(error);
            throw;
        }
        finally
        {
            // Without an answer it counts as identified too: what it serves shows when it is asked.
            if (!connection.Session.Closing)
            {
                Tell(Identified, connection);
            }
        }
    }

    private async Task ReceivePushAsync(PeerConnection connection, IDuplex stream, CancellationToken stop)
    {
        // Each is told to the application, which may do much about it.
        connection.Spend(connection.Missteps, "identify pushes");
        using Deadline deadline = DeadlineAfter(_options.Limits.NegotiationDeadline, stop);
        await IdentifyService.ReceiveAsync(connection, stream, deadline.Token);
        Tell(Identified, connection);
    }

    private async Task PushAsync(PeerConnection connection)
    {
        if (!connection.Protocols.Contains(IdentifyService.PushProtocol, StringComparer.Ordinal))
        {
            return;
        }

        using Deadline deadline = DeadlineAfter(_options.Limits.NegotiationDeadline, CancellationToken.None);
        await using IDuplex stream = new ProposedDuplex(connection.Session.Open(), IdentifyService.PushProtocol);
        await IdentifyService.SendAsync(stream, Describe(connection), deadline.Token);
    }
}
