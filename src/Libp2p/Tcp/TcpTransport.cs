#pragma warning disable RS0030 // This folder is the one place for sockets: it is the production side of the transport port.
using System.Net;
using System.Net.Sockets;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Transports;

namespace Kimura.Libp2p.Tcp;

/// <summary>TCP, without Nagle's delay. Names are looked up when dialling.</summary>
public sealed class TcpTransport : ITransport
{
    private const int Backlog = 512;
    private const int MaxCandidates = 8;

    /// <summary>A name's address that swallows everything must not take the time of the next one.</summary>
    private static readonly TimeSpan ForOneCandidate = TimeSpan.FromSeconds(3);

    /// <inheritdoc />
    public bool Carries(Multiaddress address) => address.TryTcp(out _, out _, out _);

    /// <inheritdoc />
    public async ValueTask<ITransportConnection> DialAsync(Multiaddress address, CancellationToken cancellation)
    {
        (IPAddress[] candidates, int port) = await ResolveAsync(address, cancellation);
        Exception? last = null;
        foreach (IPAddress candidate in candidates.Take(MaxCandidates))
        {
            using CancellationTokenSource own = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (!candidate.Equals(candidates[^1]))
            {
                own.CancelAfter(ForOneCandidate);
            }

            Socket socket = new(candidate.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(candidate, port), own.Token);
                return new TcpConnection(socket);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                cancellation.ThrowIfCancellationRequested();
                last = error;
            }
        }

        throw new Libp2pException(Libp2pFailure.NotReachable, $"{address} does not answer: {last?.Message ?? "no address"}", last);
    }

    /// <inheritdoc />
    public async ValueTask<ITransportListener> ListenAsync(Multiaddress address, CancellationToken cancellation)
    {
        (IPAddress[] candidates, int port) = await ResolveAsync(address, cancellation);
        Socket? socket = null;
        try
        {
            socket = new Socket(candidates[0].AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(candidates[0], port));
            socket.Listen(Backlog);
            return new TcpTransportListener(socket);
        }
        catch (Exception error) when (error is SocketException or IndexOutOfRangeException)
        {
            socket?.Dispose();
            throw new Libp2pException(Libp2pFailure.NotReachable, $"cannot listen on {address}: {error.Message}", error);
        }
    }

    private static async ValueTask<(IPAddress[] Addresses, int Port)> ResolveAsync(Multiaddress address, CancellationToken cancellation)
    {
        if (!address.TryTcp(out string host, out int port, out AddressProtocol kind))
        {
            throw new Libp2pException(Libp2pFailure.NotReachable, $"{address} is not a TCP address");
        }

        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            return ([literal], port);
        }

        AddressFamily family = kind switch
        {
            AddressProtocol.Dns4 => AddressFamily.InterNetwork,
            AddressProtocol.Dns6 => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        try
        {
            return (await Dns.GetHostAddressesAsync(host, family, cancellation), port);
        }
        catch (SocketException error)
        {
            throw new Libp2pException(Libp2pFailure.NotReachable, $"{host} cannot be looked up: {error.Message}", error);
        }
    }
}
