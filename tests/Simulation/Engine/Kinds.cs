namespace Kimura.Tests.Simulation.Engine;

/// <summary>What the numbers in the audit are about.</summary>
internal static class Kinds
{
    public const ulong Segment = 1;
    public const ulong Commit = 2;
    public const ulong Tip = 3;
    public const ulong Answer = 4;
}
