using Kimura.Silo.Configuration;
using Kimura.Storage;
using Kimura.Tests.Simulation.Disk;
using Kimura.Tests.Simulation.Engine;
using Kimura.Tests.Simulation.Links;

namespace Kimura.Tests.Simulation.Node;

/// <summary>A machine with a node on it: its disk and clock outlive the node's processes, of which there is one at a time.</summary>
internal sealed class SimNode(Network network, Machine machine, NodeConfiguration configuration, byte[] peerSeed, byte[]? leaderKey, INodeWatch watch)
{
    private readonly SimRandom _random = network.World.Random.Fork();
    private NodeConfiguration _configuration = configuration;
    private NodeProcess? _process;
    private int _lives;

    public int Number => machine.Number;

    public string Name { get; } = $"n{machine.Number}";

    public NodeConfiguration Configuration => _configuration;

    public Machine Machine => machine;

    public Platter Platter { get; } = new();

    public DiskTrouble Trouble { get; } = new();

    /// <summary>How wrong its wall clock is.</summary>
    public TimeSpan ClockOffset { get; set; }

    /// <summary>What keeps it from being started.</summary>
    public string? Hopeless { get; private set; }

    /// <summary>The process, once it has opened its database; null while there is none.</summary>
    public NodeProcess? Running => _process is { IsServing: true } running ? running : null;

    public bool IsDown => _process is null;

    public Life? Life => _process?.Life;

    /// <summary>Starts a process, if there is none.</summary>
    public void Start()
    {
        if (_process is not null)
        {
            return;
        }

        machine.HasPower = true;
        if (_lives > 0 && !_configuration.WithBodies && _random.Chance(0.3))
        {
            // The operator wants all messages from now on: the node fetches what it lacks.
            _configuration = _configuration with { WithBodies = true };
        }

        var life = new Life(network.World, $"{Name}.{++_lives}");
        network.World.Audit.Note($"{life.Name} starts");
        _process = new NodeProcess(this, life, new SimClock(life, () => ClockOffset), _random.Fork(), network, watch);
        _process.Start(peerSeed, leaderKey, OnEnded);
    }

    /// <summary>Ends the process in the middle of whatever it does; with the power, the disk loses what was not synced.</summary>
    public void Crash(bool power)
    {
        if (_process is not { } process)
        {
            return;
        }

        network.World.Audit.Note($"{process.Life.Name} {(power ? "loses its power" : "is killed")}");
        machine.HasPower = !power;
        process.Crash(power);
        Bury(process);
    }

    /// <summary>The same in the middle of its next write.</summary>
    public void CrashInWrite(bool power) => Trouble.DuringWrite = () => Crash(power);

    /// <summary>Asks the process to stop.</summary>
    public void Stop()
    {
        if (Running is { } running)
        {
            network.World.Audit.Note($"{running.Life.Name} is asked to stop");
            running.Stop();
        }
    }

    private void OnEnded(NodeProcess process, Exception? failure)
    {
        if (!ReferenceEquals(process, _process))
        {
            return;
        }

        network.World.Audit.Note($"{process.Life.Name} has ended{(failure is null ? "" : $": {failure.Message}")}");
        process.Crash(power: false);
        Bury(process);
        if (failure is StorageException { Fault: StorageFault.Corrupt } && Platter.WasDamaged)
        {
            Hopeless = failure.Message;
        }
        else if (failure is not (null or StorageException { Fault: StorageFault.Failed }))
        {
            watch.OnBug(network.World.Violation($"{Name} ended with {failure}"));
        }
    }

    /// <summary>The operator empties its disk.</summary>
    public void Wipe()
    {
        network.World.Audit.Note($"{Name} starts over with an empty disk: {Hopeless}");
        Hopeless = null;
        Platter.Wipe();
        watch.OnWiped(this);
    }

    private void Bury(NodeProcess process)
    {
        process.Life.End();
        network.EndOf(process.Life, machine);
        _process = null;
        watch.OnDown(this);
    }
}

/// <summary>Told of what nodes do.</summary>
internal interface INodeWatch
{
    void OnApplied(SimNode node, Storage.KeyValue.WriteBatch batch);

    void OnDown(SimNode node);

    void OnWiped(SimNode node);

    void OnBug(ViolationException bug);
}
