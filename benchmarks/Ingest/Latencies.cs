using System.Diagnostics;

namespace Kimura.Benchmarks.Ingest;

/// <summary>Times of calls; not for several threads at once.</summary>
internal sealed class Latencies
{
    private readonly List<long> _ticks = [];

    public int Count => _ticks.Count;

    public void Add(long started) => _ticks.Add(Stopwatch.GetTimestamp() - started);

    public void Add(Latencies others) => _ticks.AddRange(others._ticks);

    /// <summary>The time that a part of the calls did not exceed, in milliseconds.</summary>
    public double Quantile(double part)
    {
        var sorted = _ticks.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[(int)Math.Ceiling(part * sorted.Length) - 1] * 1e3 / Stopwatch.Frequency;
    }

    public string Text(double part) => Count == 0 ? "-" : $"{Quantile(part):0.0} ms";
}
