using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>Reads Prometheus' text format 0.0.4 and refuses what promtool's linter would.</summary>
internal static partial class PrometheusFormat
{
    /// <summary>Every sample by its name and labels as written.</summary>
    public static Dictionary<string, double> Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var samples = new Dictionary<string, double>(StringComparer.Ordinal);
        var families = new HashSet<string>(StringComparer.Ordinal);
        var (family, type) = ("", "");
        foreach (var line in text[..^1].Split('\n'))
        {
            if (Help().Match(line) is { Success: true } help)
            {
                family = help.Groups[1].Value;
                Assert.True(families.Add(family), $"{family} comes twice");
                type = "";
            }
            else if (Type().Match(line) is { Success: true } kind)
            {
                Assert.Equal(family, kind.Groups[1].Value);
                type = kind.Groups[2].Value;
                CheckName(family, type);
            }
            else
            {
                var sample = Sample().Match(line);
                Assert.True(sample.Success, $"not a sample: {line}");
                Assert.NotEqual("", type);
                Assert.Contains(sample.Groups[1].Value, NamesOf(family, type));
                var value = sample.Groups[3].Value;
                Assert.True(samples.TryAdd(
                    sample.Groups[1].Value + sample.Groups[2].Value,
                    value == "+Inf" ? double.PositiveInfinity : double.Parse(value, NumberStyles.Float, CultureInfo.InvariantCulture)));
            }
        }

        CheckHistograms(samples);
        return samples;
    }

    private static string[] NamesOf(string family, string type) =>
        type == "histogram" ? [family + "_bucket", family + "_sum", family + "_count"] : [family];

    private static void CheckName(string name, string type)
    {
        Assert.Matches("^(kimura|process|dotnet)_[a-z0-9_]*[a-z0-9]$", name);
        Assert.DoesNotContain("__", name, StringComparison.Ordinal);
        Assert.Equal(type == "counter", name.EndsWith("_total", StringComparison.Ordinal));
        Assert.DoesNotMatch("_(milliseconds|ms|microseconds|kilobytes|megabytes|minutes|count|sum|bucket)(_|$)", name);
    }

    private static void CheckHistograms(Dictionary<string, double> samples)
    {
        var buckets = samples.Where(sample => sample.Key.Contains("_bucket{", StringComparison.Ordinal));
        foreach (var series in buckets.GroupBy(sample => Bound().Replace(sample.Key, "")))
        {
            var counts = series.Select(bucket => bucket.Value).ToArray();
            Assert.Equal(counts.Order(), counts);
            var bounds = series.Select(bucket => Bound().Match(bucket.Key).Groups[1].Value).ToArray();
            Assert.Equal("+Inf", bounds[^1]);
            var numbers = bounds[..^1].Select(bound => double.Parse(bound, CultureInfo.InvariantCulture)).ToArray();
            Assert.Equal(numbers.Order().Distinct(), numbers);
            var count = series.Key.Replace("_bucket{", "_count{", StringComparison.Ordinal).Replace("{}", "", StringComparison.Ordinal);
            Assert.Equal(counts[^1], samples[count]);
        }
    }

    [GeneratedRegex("^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$")]
    private static partial Regex Help();

    [GeneratedRegex("^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$")]
    private static partial Regex Type();

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)+\})? (-?[0-9.]+(?:E[+-]?[0-9]+)?|[+-]Inf|NaN)$""")]
    private static partial Regex Sample();

    [GeneratedRegex(",?le=\"([^\"]*)\"")]
    private static partial Regex Bound();
}
