using System.Net;
using System.Net.Sockets;

namespace Kimura.Silo.Hosting;

/// <summary>What became of a connection to a silo.</summary>
internal enum LineEnd
{
    Unspecified,

    /// <summary>The silo's machine says that nobody listens there.</summary>
    Refused,

    /// <summary>It was taken, and closed at once.</summary>
    Dropped,

    /// <summary>It held for a while, and was closed.</summary>
    Closed,

    /// <summary>It could not be made, for a reason that says nothing about the silo.</summary>
    Unknown,
}

/// <summary>
/// A connection to a silo's port that carries nothing. When the silo's process dies, its machine closes the connection in the same moment, and
/// refuses the next one: nobody has to wait for a silence to become long.
/// </summary>
internal static class SiloLine
{
    // Shorter than this, it was never with a silo.
    private static readonly TimeSpan LeastLife = TimeSpan.FromSeconds(1);

    /// <summary>Connects and holds the connection until the other side closes it.</summary>
    public static async Task<LineEnd> HoldAsync(IPEndPoint silo, TimeProvider time, CancellationToken stop)
    {
        using var socket = new Socket(silo.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(silo, stop);
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode == SocketError.ConnectionRefused ? LineEnd.Refused : LineEnd.Unknown;
        }

        var since = time.GetTimestamp();
        await ReadToEndAsync(socket, stop);
        return time.GetElapsedTime(since) < LeastLife ? LineEnd.Dropped : LineEnd.Closed;
    }

    private static async Task ReadToEndAsync(Socket socket, CancellationToken stop)
    {
        // A silo greets first, and then waits for a greeting that never comes.
        var greeting = new byte[256];
        try
        {
            while (await socket.ReceiveAsync(greeting, stop) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset instead of closed: an end like the other.
        }
    }
}
