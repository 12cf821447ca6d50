using Kimura.Libp2p;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Transports;
using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Links;

/// <summary>
/// Machines and what is between them: connections as TCP gives them, over lines that are slow, lose, repeat and reorder segments, and are cut.
/// </summary>
internal sealed class Network
{
    private const int FirstPort = 40_000;

    private readonly Weather[,] _weather;
    private int _lastPort = FirstPort;

    public Network(World world, int machines)
    {
        (World, Random) = (world, world.Random.Fork());
        Machines = [.. Enumerable.Range(0, machines).Select(static number => new Machine(number))];
        _weather = new Weather[machines, machines];
        for (var from = 0; from < machines; from++)
        {
            for (var to = 0; to < machines; to++)
            {
                _weather[from, to] = new Weather(Random.Between(TimeSpan.FromMilliseconds(0.2), TimeSpan.FromMilliseconds(8)));
            }
        }
    }

    public World World { get; }

    public SimRandom Random { get; }

    public IReadOnlyList<Machine> Machines { get; }

    /// <summary>Ends of connections that are open, the oldest first.</summary>
    public OrderedSet<Connection> Connections { get; } = new();

    public Weather Between(Machine from, Machine to) => _weather[from.Number, to.Number];

    /// <summary>The transport of a process on a machine.</summary>
    public ITransport For(Machine machine, Life life, TimeProvider time) => new Transport(this, machine, life, time);

    /// <summary>Ends what a process had open: its machine says so to the other ends, unless it has lost its power.</summary>
    public void EndOf(Life life, Machine machine)
    {
        machine.Listener = machine.Listener?.Life == life ? null : machine.Listener;
        foreach (var connection in Connections.ToList().Where(connection => connection.Life == life))
        {
            if (machine.HasPower)
            {
                connection.Abort();
            }
            else
            {
                connection.Break();
            }
        }
    }

    private async Task<Connection> DialAsync(Machine from, Life life, TimeProvider time, Multiaddress address, CancellationToken cancellation)
    {
        var number = Machine.NumberOf(address);
        if (number is null || number >= Machines.Count)
        {
            throw new Libp2pException(Libp2pFailure.NotReachable, $"{address} is nowhere");
        }

        var to = Machines[number.Value];
        for (var attempt = 0; ; attempt++)
        {
            var there = Between(from, to).Carry(World, Random, 0);
            var back = Between(to, from).Carry(World, Random, 0);
            await Task.Delay(there + back ?? Weather.Retransmission(attempt + 2), time, cancellation);
            if (there is null || back is null || !to.HasPower)
            {
                continue;
            }

            if (to.Listener is not { } listener)
            {
                throw new Libp2pException(Libp2pFailure.NotReachable, $"{address} does not answer");
            }

            var (caller, called) = Connection.Make(this, (from, life), (to, listener.Life), ++_lastPort);
            listener.Arrive(called);
            return caller;
        }
    }

    private sealed class Transport(Network network, Machine machine, Life life, TimeProvider time) : ITransport
    {
        public bool Carries(Multiaddress address) => address.TryTcp(out _, out _, out _);

        public async ValueTask<ITransportConnection> DialAsync(Multiaddress address, CancellationToken cancellation)
        {
            network.World.RequireHere("a connection was opened");
            return await network.DialAsync(machine, life, time, address, cancellation);
        }

        public ValueTask<ITransportListener> ListenAsync(Multiaddress address, CancellationToken cancellation) =>
            machine.Listener is null
                ? ValueTask.FromResult<ITransportListener>(machine.Listener = new Listener(machine, life))
                : throw new Libp2pException(Libp2pFailure.NotReachable, $"{address} is taken");
    }
}
