using Kimura.Storage.KeyValue;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Links;
using Kimura.Tests.Simulation.Node;

namespace Kimura.Tests.Simulation.Faults;

/// <summary>What goes wrong in a history, and when: drawn from the seed, at least five faults of different kinds.</summary>
internal sealed class FaultPlan
{
    private const int MinKinds = 5;
    private static readonly TimeSpan MaxOffset = TimeSpan.FromSeconds(2);

    private readonly World _world;
    private readonly Network _network;
    private readonly IReadOnlyList<SimNode> _nodes;
    private readonly SimRandom _random;
    private bool _isQuiet;

    public FaultPlan(Network network, IReadOnlyList<SimNode> nodes)
    {
        (_world, _network, _nodes) = (network.World, network, nodes);
        _random = _world.Random.Fork();
    }

    /// <summary>Those that were done, in their order.</summary>
    public List<Fault> Done { get; } = [];

    /// <summary>Draws the plan, and enters it from one time to another.</summary>
    public void Enter(TimeSpan from, TimeSpan to)
    {
        var kinds = Enum.GetValues<Fault>().Skip(1).ToList();
        var plan = new List<Fault>();
        while (plan.Count < MinKinds)
        {
            var kind = _random.Pick(kinds);
            kinds.Remove(kind);
            plan.Add(kind);
        }

        for (var more = _random.Next(10); more > 0; more--)
        {
            plan.Add(_random.Pick(Enum.GetValues<Fault>().Skip(1).ToList()));
        }

        foreach (var fault in plan)
        {
            var due = _random.Between(from, to);
            _world.After(due - _world.Time, () => Do(fault));
        }
    }

    /// <summary>Nothing goes wrong from now on: lines and disks are mended, and every node is started again.</summary>
    public void Quiet()
    {
        _isQuiet = true;
        _world.Audit.Note("quiet");
        foreach (var node in _nodes)
        {
            node.Trouble.Mend();
            Restart(node);
        }

        AllLines(1).ForEach(static weather => weather.Clear());
    }

    /// <summary>A node is down: it comes back after a while, by the hand of whoever runs it.</summary>
    public void OnDown(SimNode node) =>
        _world.After(_isQuiet ? TimeSpan.FromMilliseconds(200) : _random.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(4)), () => Restart(node));

    private static void Restart(SimNode node)
    {
        if (node.IsDown && node.Hopeless is not null)
        {
            node.Wipe();
        }

        node.Start();
    }

    private void Do(Fault fault)
    {
        Done.Add(fault);
        var node = _random.Chance(0.4) ? _nodes[0] : _random.Pick(_nodes);
        switch (fault)
        {
            case Fault.Kill or Fault.PowerCut when _random.Chance(0.5):
                node.CrashInWrite(power: fault == Fault.PowerCut);
                break;
            case Fault.Kill or Fault.PowerCut:
                node.Crash(power: fault == Fault.PowerCut);
                break;
            case Fault.Stop:
                node.Stop();
                break;
            case Fault.Partition:
                Cut(isOneWay: false);
                break;
            case Fault.OneWay:
                Cut(isOneWay: true);
                break;
            case Fault.Resets:
                Reset();
                break;
            case Fault.SlowLines:
                ForAWhile(fault, AllLines(0.4), 10, weather => (weather.Latency, weather.Rate) = (TimeSpan.FromMilliseconds(_random.Next(50, 800)), _random.Next(10_000, 200_000)));
                break;
            case Fault.LossyLines:
                ForAWhile(fault, AllLines(0.6), 10, weather =>
                    (weather.Loss, weather.Duplication, weather.Jitter) = (0.25 * _random.NextDouble(), 0.1, TimeSpan.FromMilliseconds(_random.Next(1, 100))));
                break;
            default:
                DoAt(fault, node);
                break;
        }
    }

    private void DoAt(Fault fault, SimNode node)
    {
        var time = _random.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
        var until = _world.Now + time.Ticks;
        switch (fault)
        {
            case Fault.Pause:
                node.Life?.Pause(time);
                break;
            case Fault.ClockJump:
                node.ClockOffset = _random.Between(-MaxOffset, MaxOffset);
                break;
            case Fault.FailedWrite:
                (node.Trouble.FailsNext, node.Trouble.IsWritten) = (true, _random.Chance(0.5));
                break;
            case Fault.FullDisk:
                node.Trouble.FullUntil = until;
                break;
            case Fault.SlowDisk:
                (node.Trouble.SlowUntil, node.Trouble.Slowness) = (until, _random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(500)));
                break;
            case Fault.FailedGuard:
                node = _nodes[0];
                node.Trouble.FailsGuard = true;
                break;
            case Fault.BitFlip:
                node = _nodes[_random.Next(1, _nodes.Count)];
                Flip(node);
                break;
            case Fault.Rival:
                node = _nodes[0];
                node.Running?.StartRival(time);
                break;
            case Fault.Forger:
                new Forger(_network, _network.Machines[^1]).Start([node.Machine, _random.Pick(_nodes).Machine], time * 3);
                break;
            default:
                throw new InvalidOperationException($"{fault} is no fault of a node");
        }

        _world.Audit.Note($"{fault} at {node.Name} ({time.TotalMilliseconds:F0} ms)");
    }

    private void Flip(SimNode node)
    {
        var family = _random.Chance(0.5) ? Family.Blocks : Family.Messages;
        var keys = node.Platter.KeysOf(family);
        if (keys.Count > 0)
        {
            node.Platter.Damage(family, keys.ElementAt(_random.Next(keys.Count)));
        }
    }

    private void Reset()
    {
        _world.Audit.Note("connections are reset");
        foreach (var connection in _network.Connections.ToList())
        {
            if (_random.Chance(0.5))
            {
                connection.Abort();
            }
        }
    }

    private void Cut(bool isOneWay)
    {
        var isApart = _network.Machines.Select(_ => _random.Chance(0.4)).ToArray();
        var lines = new List<Weather>();
        foreach (var from in _network.Machines)
        {
            lines.AddRange(_network.Machines
                .Where(to => isOneWay ? isApart[from.Number] && !isApart[to.Number] : isApart[from.Number] != isApart[to.Number])
                .Select(to => _network.Between(from, to)));
        }

        ForAWhile(isOneWay ? Fault.OneWay : Fault.Partition, lines, 8, weather => weather.IsCut = true);
    }

    private List<Weather> AllLines(double share) =>
        [.. _network.Machines.SelectMany(from => _network.Machines.Select(to => _network.Between(from, to))).Where(_ => _random.Chance(share))];

    // Where two of these overlap, the end of the first is the end of both.
    private void ForAWhile(Fault fault, List<Weather> lines, double seconds, Action<Weather> change)
    {
        var time = _random.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(seconds));
        _world.Audit.Note($"{fault} on {lines.Count} lines ({time.TotalMilliseconds:F0} ms)");
        lines.ForEach(change);
        _world.After(time, () => lines.ForEach(static weather => weather.Clear()));
    }
}
