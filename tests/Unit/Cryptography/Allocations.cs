namespace Kimura.Tests.Unit.Cryptography;

/// <summary>Counts bytes on the managed heap.</summary>
internal static class Allocations
{
    /// <summary>What one call allocates on this thread, after a warm-up.</summary>
    public static long Of(Action action)
    {
        action();
        action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
