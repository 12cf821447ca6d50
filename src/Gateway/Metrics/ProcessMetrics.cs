using System.Diagnostics;

namespace Kimura.Gateway.Metrics;

/// <summary>The basics of the process, by the names that Prometheus' own clients use where they have one.</summary>
internal static class ProcessMetrics
{
    private static readonly string[] Generations = ["0", "1", "2"];

    /// <summary>Writes them as they are now.</summary>
    public static void Write(PrometheusText text)
    {
        using var process = Process.GetCurrentProcess();
        var started = new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
        text.Write(
            "process_cpu_seconds_total", MetricType.Counter, "CPU time of the process.", process.TotalProcessorTime.TotalSeconds);
        text.Write("process_resident_memory_bytes", MetricType.Gauge, "Resident memory of the process.", process.WorkingSet64);
        text.Write("process_start_time_seconds", MetricType.Gauge, "When the process was started, Unix time.", started);
        text.Write("process_threads", MetricType.Gauge, "Threads of the process.", process.Threads.Count);
        if (text.TryBegin("dotnet_gc_collections_total", MetricType.Counter, "Garbage collections by generation."))
        {
            foreach (var generation in Generations)
            {
                var collections = GC.CollectionCount(generation[0] - '0');
                text.WriteSample("dotnet_gc_collections_total", [new("generation", generation)], collections);
            }
        }

        var paused = GC.GetTotalPauseDuration().TotalSeconds;
        text.Write("dotnet_gc_pause_seconds_total", MetricType.Counter, "Time spent in garbage collections.", paused);
        text.Write("dotnet_gc_heap_bytes", MetricType.Gauge, "Bytes on the managed heap.", GC.GetTotalMemory(forceFullCollection: false));
        text.Write("dotnet_gc_allocated_bytes_total", MetricType.Counter, "Bytes allocated.", GC.GetTotalAllocatedBytes());
        text.Write("dotnet_threadpool_queued_items", MetricType.Gauge, "Work items waiting for a thread.", ThreadPool.PendingWorkItemCount);
    }
}
