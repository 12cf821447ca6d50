using Kimura.Tests.Simulation.Engine;

namespace Kimura.Tests.Simulation.Disk;

/// <summary>What is wrong with a machine's disk now. Faults set it.</summary>
internal sealed class DiskTrouble
{
    /// <summary>Until then syncs take so much longer, in ticks.</summary>
    public long SlowUntil { get; set; }

    public TimeSpan Slowness { get; set; }

    /// <summary>Until then there is no room, in ticks.</summary>
    public long FullUntil { get; set; }

    /// <summary>The next write fails.</summary>
    public bool FailsNext { get; set; }

    /// <summary>Of the write that fails: it is on disk all the same.</summary>
    public bool IsWritten { get; set; }

    /// <summary>The next write of the sign guard fails.</summary>
    public bool FailsGuard { get; set; }

    /// <summary>What is to happen in the middle of the next write.</summary>
    public Action? DuringWrite { get; set; }

    public bool IsFull(World world) => world.Now < FullUntil;

    /// <summary>How long a write takes that begins now.</summary>
    public TimeSpan DurationOf(World world, SimRandom random, bool sync)
    {
        var time = sync ? random.Between(TimeSpan.FromMilliseconds(0.1), TimeSpan.FromMilliseconds(0.5)) : TimeSpan.FromMilliseconds(0.02);
        if (sync && random.Chance(0.01))
        {
            time += random.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(20));
        }

        return world.Now < SlowUntil ? time + (Slowness * random.NextDouble()) : time;
    }

    /// <summary>All is well again.</summary>
    public void Mend() => (SlowUntil, FullUntil, FailsNext, FailsGuard, DuringWrite) = (0, 0, false, false, null);
}
