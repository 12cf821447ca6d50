using System.Runtime.InteropServices;

namespace Kimura.Benchmarks.Reports;

/// <summary>What a figure was measured on.</summary>
internal static class Machine
{
    public static string Processor { get; } = CpuInfo("model name") ?? RuntimeInformation.ProcessArchitecture.ToString();

    public static string Kernel { get; } = $"{File.ReadAllText("/proc/sys/kernel/ostype").Trim()} {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}";

    public static string Memory { get; } = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30)} GiB";

    /// <summary>Processes that run or wait for a processor, averaged over the last minute: other work on the machine shows here.</summary>
    public static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string? CpuInfo(string key) =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
