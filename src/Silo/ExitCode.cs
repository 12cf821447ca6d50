namespace Kimura.Silo;

/// <summary>How the process ends (protocol section 8).</summary>
internal static class ExitCode
{
    public const int Stopped = 0;
    public const int BadOption = 2;
    public const int DatabaseRefused = 3;
    public const int PortOrLockTaken = 4;
    public const int StorageFailed = 5;

    /// <summary>The other silos of its cluster have declared it dead.</summary>
    public const int Expelled = 6;

    /// <summary>A command, not a node, was ended before it was done: as a shell has it.</summary>
    public const int Interrupted = 130;
}
