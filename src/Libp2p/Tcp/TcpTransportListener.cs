#pragma warning disable RS0030 // This folder is the one place for sockets: it is the production side of the transport port.
using System.Net;
using System.Net.Sockets;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Tcp;

/// <summary>A listening socket.</summary>
internal sealed class TcpTransportListener : ITransportListener
{
    private readonly Socket _socket;

    public TcpTransportListener(Socket socket)
    {
        _socket = socket;
        IPEndPoint local = (IPEndPoint)socket.LocalEndPoint!;
        Address = Multiaddress.Tcp(local.Address, local.Port);
    }

    public Multiaddress Address { get; }

    public async ValueTask<ITransportConnection?> AcceptAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _socket.AcceptAsync(cancellation);
            }
            catch (Exception error)
                when (error is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return null;
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                // The other side left before it was taken.
                continue;
            }
            catch (SocketException error)
            {
                throw new Libp2pException(Libp2pFailure.NotReachable, $"cannot accept on {Address}: {error.Message}", error);
            }

            try
            {
                socket.NoDelay = true;
                return new TcpConnection(socket);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                socket.Dispose();
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
