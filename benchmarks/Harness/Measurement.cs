namespace Kimura.Benchmarks.Harness;

/// <summary>The median over the runs: nanoseconds and allocated bytes an operation, and how far apart the runs were.</summary>
internal readonly record struct Measurement(double Nanoseconds, double AllocatedBytes, double Spread)
{
    public double PerSecond => 1e9 / Nanoseconds;

    public string Time => Nanoseconds switch
    {
        < 1e3 => $"{Nanoseconds:0} ns",
        < 1e6 => $"{Nanoseconds / 1e3:0.0} µs",
        _ => $"{Nanoseconds / 1e6:0.00} ms",
    };

    public string Variation => $"±{Spread:0.0 %}";
}
