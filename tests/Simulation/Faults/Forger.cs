using System.Buffers.Binary;
using Kimura.Libp2p;
using Kimura.Libp2p.Gossip;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Network.Wire;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Links;

namespace Kimura.Tests.Simulation.Faults;

/// <summary>
/// A stranger in the network, on the production's libp2p: it hears the blocks and passes on false ones: a good header with another list, the same
/// block again, an old one, bytes turned. Peers are to reject or ignore each, and to take the true block from somebody else.
/// </summary>
internal sealed class Forger
{
    private const int MaxKept = 64;
    private const int CountAt = 178;
    private const int EntrySize = 64;

    private readonly World _world;
    private readonly SimRandom _random;
    private readonly SimClock _clock;
    private readonly Network _network;
    private readonly Machine _machine;
    private readonly List<byte[]> _kept = [];

    public Forger(Network network, Machine machine)
    {
        (_world, _network, _machine) = (network.World, network, machine);
        _random = _world.Random.Fork();
        Life = new Life(_world, "forger");
        _clock = new SimClock(Life, static () => TimeSpan.Zero);
    }

    public Life Life { get; }

    /// <summary>Joins the network through some machines, and leaves it after a time.</summary>
    public void Start(IReadOnlyList<Machine> entrances, TimeSpan time)
    {
        _ = Life.Start(() => RunAsync(entrances));
        _world.After(time, End);
    }

    private void End()
    {
        Life.End();
        _network.EndOf(Life, _machine);
    }

    private Task RunAsync(IReadOnlyList<Machine> entrances)
    {
        var host = new Libp2pHost(new HostOptions
        {
            Identity = Identity.FromEd25519Seed(_random.Bytes(32)),
            Transport = _network.For(_machine, Life, _clock),
            Time = _clock,
            FillRandom = _random.Fork().Fill,
            Scheduler = Life,
        });
        var gossip = new GossipSub(host);
        gossip.Subscribe(WireFormat.Topic, (message, _) =>
        {
            Hear(gossip, message.Data.ToArray());
            return ValueTask.FromResult(_random.Chance(0.5) ? GossipVerdict.Accept : GossipVerdict.Ignore);
        });
        foreach (var entrance in entrances)
        {
            host.Keep(entrance.Address);
        }

        return Task.CompletedTask;
    }

    private void Hear(GossipSub gossip, byte[] block)
    {
        if (block.Length < CountAt + sizeof(uint) || block[0] != 1)
        {
            return;
        }

        _kept.Add(block);
        if (_kept.Count > MaxKept)
        {
            _kept.RemoveAt(0);
        }

        gossip.Publish(WireFormat.Topic, _random.Next(4) switch
        {
            0 => WithoutList(block),
            1 => WithOtherList(block),
            2 => Turned(block),
            _ => _random.Pick(_kept),
        });
    }

    private static byte[] WithoutList(byte[] block)
    {
        var bytes = block.AsSpan(0, CountAt + sizeof(uint)).ToArray();
        bytes.AsSpan(CountAt).Clear();
        return bytes;
    }

    private byte[] WithOtherList(byte[] block)
    {
        byte[] bytes = [.. block, .. _random.Bytes(EntrySize)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CountAt), (uint)((bytes.Length - CountAt - sizeof(uint)) / EntrySize));
        return bytes;
    }

    private byte[] Turned(byte[] block)
    {
        var bytes = (byte[])block.Clone();
        bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
        return bytes;
    }
}
