using System.Diagnostics;

namespace Kimura.Benchmarks.Harness;

/// <summary>Times small operations: warms up, then takes the median of several runs.</summary>
internal static class Stopclock
{
    private const int Runs = 9;
    private static readonly TimeSpan RunTime = TimeSpan.FromMilliseconds(200);

    /// <summary>Calls <paramref name="operation"/> with a growing number, on this thread alone.</summary>
    public static Measurement Measure(Action<int> operation)
    {
        var count = WarmUp(operation);
        var runs = new (double Time, double Bytes)[Runs];
        for (var run = 0; run < Runs; run++)
        {
            var bytes = GC.GetAllocatedBytesForCurrentThread();
            var time = Time(operation, count);
            runs[run] = (time / count, (double)(GC.GetAllocatedBytesForCurrentThread() - bytes) / count);
        }

        return Median(runs);
    }

    /// <summary>The median of runs already timed: nanoseconds and allocated bytes an operation.</summary>
    public static Measurement Median((double Time, double Bytes)[] runs)
    {
        var times = runs.Select(run => run.Time).Order().ToArray();
        var bytes = runs.Select(run => run.Bytes).Order().ToArray();
        var median = times[times.Length / 2];
        return new Measurement(median, bytes[bytes.Length / 2], (times[^1] - times[0]) / 2 / median);
    }

    // Until the compiler has settled; then as many operations as fill a run.
    private static int WarmUp(Action<int> operation)
    {
        var started = Stopwatch.GetTimestamp();
        var count = 0;
        while (Stopwatch.GetElapsedTime(started) < RunTime * 3)
        {
            operation(count++);
        }

        return Math.Max(1, count / 3);
    }

    private static double Time(Action<int> operation, int count)
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            operation(i);
        }

        return Stopwatch.GetElapsedTime(started).TotalNanoseconds;
    }
}
