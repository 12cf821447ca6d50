using Kimura.Chain;
using Kimura.Cryptography;
using Kimura.Libp2p.Addressing;
using Kimura.Libp2p.Identities;
using Kimura.Silo.Configuration;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Simulation.Checking;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Faults;
using Kimura.Tests.Simulation.Links;
using Kimura.Tests.Simulation.Node;
using Kimura.Tests.Simulation.Workload;
using PublicKey = Kimura.Chain.PublicKey;

namespace Kimura.Tests.Simulation;

/// <summary>What came out of a history.</summary>
internal sealed record Outcome(
    ulong Seed, string Hash, TimeSpan Time, ulong Height, int Answered, int Submissions, IReadOnlyList<Fault> Faults, long Steps, string? Violation);

/// <summary>One history: a leader and four peers, clients and faults, from the seed to the verdict.</summary>
internal sealed class History : INodeWatch
{
    public const int Nodes = 5;

    private const int Clients = 24;
    private static readonly TimeSpan FirstFault = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastFault = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan QuietFrom = TimeSpan.FromSeconds(50);
    private static readonly TimeSpan ClientsUntil = TimeSpan.FromSeconds(55);
    private static readonly TimeSpan AtLeast = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ConvergedBy = TimeSpan.FromSeconds(95);

    private readonly World _world;
    private readonly Network _network;
    private readonly List<SimNode> _nodes = [];
    private readonly List<Client> _clients = [];
    private readonly Heights _heights;
    private readonly Promises _promises;
    private readonly FaultPlan _faults;
    private readonly List<Task> _running = [];
    private readonly byte[] _leaderKey;
    private readonly ChainParameters _parameters = new("simulation");
    private ViolationException? _bug;

    private History(ulong seed, TextWriter? trace)
    {
        _world = new World(seed, trace);
        // The last machine is the forger's.
        _network = new Network(_world, Nodes + 1);
        _leaderKey = _world.Random.Bytes(Secp256k1.PrivateKeySize);
        var leader = new byte[Formats.KeySize];
        using (var key = PrivateKey.FromBytes(_leaderKey))
        {
            key.CopyPublicKey(leader);
        }

        _heights = new Heights(_world, leader);
        _promises = new Promises(_world);
        AddNodes(new PublicKey(leader));
        _faults = new FaultPlan(_network, _nodes);
        var life = new Life(_world, "clients");
        var time = new SimClock(life, static () => TimeSpan.Zero);
        for (var i = 0; i < Clients; i++)
        {
            var client = new Client(life, time, _promises, _heights, _nodes, _parameters);
            _clients.Add(client);
            _running.Add(life.Start(() => client.RunAsync(() => _world.Time >= ClientsUntil)));
        }
    }

    /// <summary>Lives through the history of a seed.</summary>
    public static Outcome Live(ulong seed, TextWriter? trace = null)
    {
        var history = new History(seed, trace);
        string? violation = null;
        try
        {
            history.Live();
        }
        catch (ViolationException found)
        {
            violation = found.Message;
        }

        var world = history._world;
        world.End();
        return new Outcome(
            seed, world.Audit.Finish(), world.Time, (ulong)history._heights.Shown.Count - 1, history._promises.All.Count,
            history._clients.Sum(client => client.Submissions), history._faults.Done, world.Steps, violation);
    }

    void INodeWatch.OnApplied(SimNode node, WriteBatch batch) => _heights.Applied(node, batch);

    void INodeWatch.OnDown(SimNode node)
    {
        _heights.Restarted(node);
        _faults.OnDown(node);
    }

    void INodeWatch.OnWiped(SimNode node) => _heights.Wiped(node);

    void INodeWatch.OnBug(ViolationException bug) => _bug ??= bug;

    private void Live()
    {
        _nodes.ForEach(static node => node.Start());
        _faults.Enter(FirstFault, LastFault);
        _world.After(QuietFrom, _faults.Quiet);
        _world.BeforeTimePasses = Look;
        _world.Run(AtLeast, () => false);
        _world.Run(ConvergedBy, () => HasConverged);
        if (!HasConverged)
        {
            throw _world.Violation($"not converged: {string.Join(", ", _nodes.Select(Describe))}, {_running.Count(task => !task.IsCompleted)} clients wait");
        }

        new FinalCheck(_world, _heights, _promises, _nodes).Run(_nodes.Min(node => node.Running!.Chain!.Tip.Height));
    }

    // Everybody is where the leader is, but for the block that is on its way, and nothing answered is still pending.
    private bool HasConverged
    {
        get
        {
            if (!_nodes.TrueForAll(static node => node.Running is not null) || !_running.TrueForAll(static task => task.IsCompleted))
            {
                return false;
            }

            var leader = _nodes[0].Running!.Chain!;
            return leader.PendingCount == 0
                && _nodes.TrueForAll(node => node.Running!.Chain!.Tip.Height + 1 >= leader.Tip.Height)
                && _nodes.TrueForAll(static node => !node.Configuration.WithBodies || node.Running!.Chain!.BodiesHeight is null)
                && _nodes.Min(node => node.Running!.Chain!.Tip.Height) is var least && _promises.All.All(promise => IsShownUpTo(promise, least));
        }
    }

    private bool IsShownUpTo(Promise promise, ulong height) =>
        promise.Place is { } place
            ? place.Height <= height
            : _nodes[0].Platter.Find(Family.Messages, [.. "msg:"u8, .. promise.Id]) is { } value
                && System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(value) <= height;

    private static string Describe(SimNode node) => $"{node.Name} {(node.Running?.Chain is { } chain ? $"at {chain.Tip.Height}" : "down")}";

    private void Look()
    {
        foreach (var node in _nodes)
        {
            _heights.Look(node);
        }

        if (_bug is not null)
        {
            throw _bug;
        }

        foreach (var task in _running)
        {
            if (task.IsFaulted)
            {
                throw task.Exception.InnerException as ViolationException ?? _world.Violation($"a client ended with {task.Exception}");
            }
        }
    }

    private void AddNodes(PublicKey leader)
    {
        var random = _world.Random.Fork();
        var seeds = Enumerable.Range(0, Nodes).Select(_ => random.Bytes(Secp256k1.PrivateKeySize)).ToList();
        var addresses = seeds.Select((seed, i) =>
        {
            using var identity = Identity.FromEd25519Seed(seed);
            return random.Chance(0.7) ? _network.Machines[i].Address.WithPeer(identity.Id) : _network.Machines[i].Address;
        }).ToList();
        var isPinned = random.Chance(0.3);
        for (var i = 0; i < Nodes; i++)
        {
            var machine = _network.Machines[i];
            var configuration = new NodeConfiguration
            {
                IsLeader = i == 0,
                BlockInterval = TimeSpan.FromMilliseconds(100),
                Listen = machine.Address,
                LeaderAddresses = Addresses(i, addresses, random),
                LeaderKeys = i == 0 || isPinned ? [] : [(0, leader)],
                WithBodies = i == 0 || !random.Chance(0.15),
                Chain = _parameters,
                Verify = random.Chance(0.1) ? VerifyMode.Full : VerifyMode.Headers,
            };
            _nodes.Add(new SimNode(_network, machine, configuration, seeds[i], i == 0 ? _leaderKey : null, this)
            {
                ClockOffset = random.Between(TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1)),
            });
        }
    }

    // A peer knows the leader, or a peer that was added before it; the leader, in every other history, knows peers.
    private static List<Multiaddress> Addresses(int node, List<Multiaddress> all, SimRandom random)
    {
        if (node == 0)
        {
            return random.Chance(0.5) ? [] : [.. all.Skip(1).Where(_ => random.Chance(0.5))];
        }

        var known = new List<Multiaddress> { all[random.Chance(0.7) ? 0 : random.Next(node)] };
        if (random.Chance(0.5))
        {
            known.Add(all[random.Next(Nodes)]);
        }

        return [.. known.Where(address => !ReferenceEquals(address, all[node])).Distinct()];
    }
}
