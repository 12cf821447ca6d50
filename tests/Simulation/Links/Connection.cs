using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Transports;
using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Links;

/// <summary>One end of a connection.</summary>
internal sealed class Connection : ITransportConnection
{
    private readonly Network _network;
    private Stream _incoming = null!;
    private Stream _outgoing = null!;
    private bool _isBroken;

    private Connection(Network network, Machine machine, Life life, Multiaddress remote)
    {
        (_network, Machine, Life, RemoteAddress) = (network, machine, life, remote);
        network.Connections.Add(this);
    }

    public Multiaddress RemoteAddress { get; }

    public Machine Machine { get; }

    public Life Life { get; }

    public Connection Other { get; private set; } = null!;

    /// <summary>A connection's two ends: the caller's, and the one that is called.</summary>
    public static (Connection Caller, Connection Called) Make(Network network, (Machine Machine, Life Life) caller, (Machine Machine, Life Life) called, int port)
    {
        var here = new Connection(network, caller.Machine, caller.Life, called.Machine.Address);
        var there = new Connection(network, called.Machine, called.Life, caller.Machine.Caller(port)) { Other = here };
        here.Other = there;
        here._outgoing = there._incoming = new Stream(network, caller.Machine, called.Life, called.Machine, here.Break);
        there._outgoing = here._incoming = new Stream(network, called.Machine, caller.Life, caller.Machine, there.Break);
        return (here, there);
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default) => _incoming.ReadAsync(buffer, cancellation);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation = default) => _outgoing.WriteAsync(data, cancellation);

    public ValueTask CloseWriteAsync(CancellationToken cancellation = default)
    {
        _outgoing.End();
        return ValueTask.CompletedTask;
    }

    /// <summary>Ends this end, and tells the other one, which may not hear it.</summary>
    public void Abort()
    {
        if (_isBroken)
        {
            return;
        }

        Break();
        if (_network.Between(Machine, Other.Machine).Carry(_network.World, _network.Random, 0) is { } time)
        {
            _network.World.After(time, Other.Break);
        }
    }

    /// <summary>Ends this end without a word to the other one.</summary>
    public void Break()
    {
        if (!_isBroken)
        {
            _isBroken = true;
            _network.Connections.Remove(this);
            _incoming.BreakReader();
            _outgoing.BreakWriter();
        }
    }

    public ValueTask DisposeAsync()
    {
        Abort();
        return ValueTask.CompletedTask;
    }
}
