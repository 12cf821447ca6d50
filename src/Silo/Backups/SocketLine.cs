using System.Net.Sockets;
using System.Text;

namespace Kimura.Silo.Backups;

/// <summary>Lines of UTF-8 on a local socket.</summary>
internal static class SocketLine
{
    public static async Task SendAsync(Socket socket, string line, CancellationToken cancellation)
    {
        var rest = new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(line + "\n"));
        while (!rest.IsEmpty)
        {
            rest = rest[await socket.SendAsync(rest, cancellation)..];
        }
    }

    /// <summary>The next line; null where the other side ends before its end, or says more than a line may hold.</summary>
    public static async Task<string?> ReceiveAsync(Socket socket, int most, CancellationToken cancellation)
    {
        var bytes = new byte[most];
        var used = 0;
        while (used < most)
        {
            var count = await socket.ReceiveAsync(bytes.AsMemory(used), cancellation);
            if (count == 0)
            {
                return null;
            }

            used += count;
            if (bytes[used - 1] == '\n')
            {
                return Encoding.UTF8.GetString(bytes, 0, used - 1);
            }
        }

        return null;
    }
}
