using System.Net;
using Kimura.Libp2p.Addressing;
using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Links;

/// <summary>A machine in the network, and the process that listens on it, if one does.</summary>
internal sealed class Machine(int number)
{
    private const int Port = 9_000;

    public int Number => number;

    public IPAddress Ip { get; } = new([10, 0, 0, (byte)(number + 1)]);

    public Multiaddress Address => Multiaddress.Tcp(Ip, Port);

    /// <summary>False while it has no power: it answers nothing, not even that nobody is there.</summary>
    public bool HasPower { get; set; } = true;

    public Listener? Listener { get; set; }

    /// <summary>The number of an address of this network; null for others.</summary>
    public static int? NumberOf(Multiaddress address) =>
        address.TryTcp(out var host, out _, out _) && IPAddress.TryParse(host, out var ip) && ip.GetAddressBytes() is [10, 0, 0, > 0 and var last] ? last - 1 : null;

    /// <summary>Where a process here calls from.</summary>
    public Multiaddress Caller(int port) => Multiaddress.Tcp(Ip, port);

    public override string ToString() => $"machine {number}";
}

/// <summary>Connections that have come and are not yet accepted.</summary>
internal sealed class Listener(Machine machine, Life life) : Libp2p.Transports.ITransportListener
{
    private readonly Queue<Connection> _arrived = new();
    private readonly Libp2p.Transports.Signal _changed = new();
    private bool _isClosed;

    public Life Life => life;

    public Multiaddress Address => machine.Address;

    public void Arrive(Connection connection)
    {
        _arrived.Enqueue(connection);
        _changed.Raise();
    }

    public async ValueTask<Libp2p.Transports.ITransportConnection?> AcceptAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (_isClosed)
            {
                return null;
            }

            if (_arrived.TryDequeue(out var connection))
            {
                return connection;
            }

            await _changed.Wait(cancellation);
        }
    }

    public ValueTask DisposeAsync()
    {
        _isClosed = true;
        machine.Listener = ReferenceEquals(machine.Listener, this) ? null : machine.Listener;
        while (_arrived.TryDequeue(out var connection))
        {
            connection.Abort();
        }

        _changed.Raise();
        return ValueTask.CompletedTask;
    }
}
