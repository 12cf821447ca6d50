using System.Net;
using System.Net.Sockets;

namespace Kimura.Tests.Integration.Harness;

/// <summary>Ports for those who must know them before they listen.</summary>
internal static class Ports
{
    /// <summary>One that was free a moment ago.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
