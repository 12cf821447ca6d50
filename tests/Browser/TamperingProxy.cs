using System.Net;
using System.Net.Sockets;
using Kimura.Tests.Integration.Harness;

namespace Kimura.Tests.Browser;

/// <summary>Stands between a browser and a node, and changes one text in what the node answers to another of the same length.</summary>
internal sealed class TamperingProxy(Uri node, string from, string to) : RelayProxy
{
    private readonly byte[] _from = System.Text.Encoding.ASCII.GetBytes(from);
    private readonly byte[] _to = System.Text.Encoding.ASCII.GetBytes(to);
    private int _changes;

    public Uri Address => new($"http://{Endpoint}/");

    /// <summary>How often something was changed.</summary>
    public int Changes => Volatile.Read(ref _changes);

    protected override async Task RelayAsync(Socket client)
    {
        using (client)
        {
            using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await JoinAsync(
                client, server, IPEndPoint.Parse(node.Authority), stop => PumpAsync(client, server, tampers: false, stop), stop => PumpAsync(server, client, tampers: true, stop));
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool tampers, CancellationToken cancellation)
    {
        var buffer = new byte[64 << 10];
        var held = 0;
        while (true)
        {
            var count = await from.ReceiveAsync(buffer.AsMemory(held), cancellation);
            if (count == 0)
            {
                return;
            }

            var all = buffer.AsMemory(0, held + count);
            held = tampers ? Tamper(all.Span) : 0;
            await SendAsync(to, all[..^held], cancellation);
            all[^held..].CopyTo(buffer);
        }
    }

    // How many bytes at the end may be the beginning of what is to be changed, and wait for more.
    private int Tamper(Span<byte> bytes)
    {
        for (var at = bytes.IndexOf(_from); at >= 0; at = bytes.IndexOf(_from))
        {
            _to.CopyTo(bytes[at..]);
            Interlocked.Increment(ref _changes);
        }

        for (var tail = Math.Min(_from.Length - 1, bytes.Length); tail > 0; tail--)
        {
            if (bytes.EndsWith(_from.AsSpan(0, tail)))
            {
                return tail;
            }
        }

        return 0;
    }
}
