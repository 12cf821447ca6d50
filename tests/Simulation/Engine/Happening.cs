namespace Kimura.Tests.Simulation.Engine;

/// <summary>Something that happens at a time, unless the process that it is part of has ended by then.</summary>
internal abstract class Happening
{
    /// <summary>The process that it belongs to; null: the world itself.</summary>
    public Life? Life { get; init; }

    /// <summary>When, in ticks since the beginning.</summary>
    internal long Due { get; set; }

    /// <summary>Which of two at one time comes first.</summary>
    internal long Order { get; set; }

    /// <summary>Where it stands in the agenda; -1: nowhere.</summary>
    internal int Place { get; set; } = -1;

    /// <summary>Called on the world's thread, at its time.</summary>
    internal abstract void Happen();
}

/// <summary>An action as a happening.</summary>
internal sealed class Act(Action action) : Happening
{
    internal override void Happen() => action();
}
