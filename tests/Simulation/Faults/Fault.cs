namespace Kimura.Tests.Simulation.Faults;

/// <summary>What can go wrong.</summary>
internal enum Fault
{
    /// <summary>None.</summary>
    Unspecified = 0,

    /// <summary>A process is killed.</summary>
    Kill,

    /// <summary>A machine loses its power.</summary>
    PowerCut,

    /// <summary>A process is asked to stop.</summary>
    Stop,

    /// <summary>Some machines are cut off from the others.</summary>
    Partition,

    /// <summary>The same in one direction.</summary>
    OneWay,

    /// <summary>Connections are reset in the middle.</summary>
    Resets,

    /// <summary>Lines with high latency and little room.</summary>
    SlowLines,

    /// <summary>Lines that lose, repeat and reorder segments.</summary>
    LossyLines,

    /// <summary>A process stands still.</summary>
    Pause,

    /// <summary>A clock jumps.</summary>
    ClockJump,

    /// <summary>A write fails, its outcome unknown.</summary>
    FailedWrite,

    /// <summary>A disk is full for a while.</summary>
    FullDisk,

    /// <summary>A disk is slow for a while.</summary>
    SlowDisk,

    /// <summary>The sign guard's write fails.</summary>
    FailedGuard,

    /// <summary>A record on a peer's disk is damaged.</summary>
    BitFlip,

    /// <summary>A second silo leads over the same store.</summary>
    Rival,

    /// <summary>A stranger passes on false blocks, and true ones again and late.</summary>
    Forger,
}
