#pragma warning disable RS0030 // This folder is the one place for sockets: it is the production side of the transport port.
using System.Net;
using System.Net.Sockets;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Tcp;

/// <summary>A connected socket.</summary>
internal sealed class TcpConnection : ITransportConnection
{
    private readonly Socket _socket;

    public TcpConnection(Socket socket)
    {
        _socket = socket;
        IPEndPoint remote = (IPEndPoint)socket.RemoteEndPoint!;
        RemoteAddress = Multiaddress.Tcp(remote.Address, remote.Port);
    }

    public Multiaddress RemoteAddress { get; }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellation);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Closed(error);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default)
    {
        try
        {
            while (!data.IsEmpty)
            {
                data = data[await _socket.SendAsync(data, SocketFlags.None, cancellation)..];
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Closed(error);
        }
    }

    public ValueTask CloseWriteAsync(CancellationToken cancellation = default)
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Closed(error);
        }

        return ValueTask.CompletedTask;
    }

    public void Abort() => _socket.Dispose();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Libp2pException Closed(Exception error) =>
        new(Libp2pFailure.ConnectionClosed, $"the connection ended: {error.Message}", error);
}
