using System.Diagnostics.Metrics;

namespace Kimura.Gateway.Metrics;

/// <summary>An instrument's unit (UCUM, as .NET writes it) in Prometheus' manner: base units, named at the end of the name.</summary>
internal sealed record MetricUnit(string Suffix, double Scale, double[] Bounds)
{
    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] Bytes = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];
    private static readonly double[] Counts =
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000];

    /// <summary>The unit; what is in braces, or none, counts things and has no suffix.</summary>
    public static MetricUnit Of(string? unit) => unit switch
    {
        "s" => new MetricUnit("_seconds", 1, Seconds),
        "ms" => new MetricUnit("_seconds", 1e-3, Seconds),
        "us" => new MetricUnit("_seconds", 1e-6, Seconds),
        "ns" => new MetricUnit("_seconds", 1e-9, Seconds),
        "By" => new MetricUnit("_bytes", 1, Bytes),
        "KiBy" => new MetricUnit("_bytes", 1024, Bytes),
        "MiBy" => new MetricUnit("_bytes", 1 << 20, Bytes),
        "1" => new MetricUnit("_ratio", 1, [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]),
        _ => new MetricUnit("", 1, Counts),
    };

    /// <summary>Dots become underscores, then the unit, then <c>_total</c> on counters.</summary>
    public string NameOf(string instrument, MetricType type)
    {
        var name = string.Create(instrument.Length, instrument, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsAsciiLetterOrDigit(from[i]) ? from[i] : '_';
            }
        });
        name = name.EndsWith("_total", StringComparison.Ordinal) ? name[..^"_total".Length] : name;
        name = name.EndsWith(Suffix, StringComparison.Ordinal) ? name : name + Suffix;
        return type == MetricType.Counter ? name + "_total" : name;
    }

    /// <summary>A histogram's upper bounds in base units: its own advice, or what suits the unit.</summary>
    public double[] BoundsOf(Instrument instrument)
    {
        var advised = instrument switch
        {
            Histogram<double> of => of.Advice?.HistogramBucketBoundaries?.ToArray(),
            Histogram<long> of => of.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound).ToArray(),
            Histogram<int> of => of.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound).ToArray(),
            _ => null,
        };
        return advised is { Length: > 0 } ? [.. advised.Order().Select(bound => bound * Scale)] : Bounds;
    }
}
