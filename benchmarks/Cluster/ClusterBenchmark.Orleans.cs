using Kimura.Benchmarks.Reports;

namespace Kimura.Benchmarks.Cluster;

/// <summary>The benchmark holds three silos in its own process, which the embedded engine alone can.</summary>
internal static class ClusterBenchmark
{
    public static Task RunAsync(BenchmarkOptions options, Report report, DataDirectory place)
    {
        report.Heading("A cluster of three silos");
        throw new BenchmarkException($"bench: {options.What} in {place} needs the embedded engine: python3 blockchain.py setup --engine embedded");
    }
}
