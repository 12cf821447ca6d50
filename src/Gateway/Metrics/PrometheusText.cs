using System.Globalization;
using System.Text;

namespace Kimura.Gateway.Metrics;

/// <summary>Writes Prometheus' text format 0.0.4. A family that was written is not written again.</summary>
internal sealed class PrometheusText
{
    /// <summary>The format's media type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);

    /// <summary>Writes a family of the registry, if it has series.</summary>
    public void Write(MetricFamily family)
    {
        var all = family.Read();
        if (all.Length == 0 || !TryBegin(family.Name, family.Type, family.Help))
        {
            return;
        }

        foreach (var series in all)
        {
            if (family.Type == MetricType.Histogram)
            {
                WriteHistogram(family, series);
            }
            else
            {
                WriteSample(family.Name, series.Labels, series.Read().Value);
            }
        }
    }

    /// <summary>Writes a family of one value.</summary>
    public void Write(string name, MetricType type, string help, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        if (TryBegin(name, type, help))
        {
            WriteSample(name, labels, value);
        }
    }

    /// <summary>Begins a family; false if it was written before.</summary>
    public bool TryBegin(string name, MetricType type, string help)
    {
        if (!_written.Add(name))
        {
            return false;
        }

        _text.Append("# HELP ").Append(name).Append(' ')
            .Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        var type1 = type switch
        {
            MetricType.Counter => "counter",
            MetricType.Gauge => "gauge",
            MetricType.Histogram => "histogram",
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such type"),
        };
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type1).Append('\n');
        return true;
    }

    /// <summary>Writes a line.</summary>
    public void WriteSample(string name, ReadOnlySpan<KeyValuePair<string, string>> labels, double value, string? bound = null)
    {
        _text.Append(name);
        var separator = '{';
        foreach (var (label, text) in labels)
        {
            WriteLabel(ref separator, label, text);
        }

        if (bound is not null)
        {
            WriteLabel(ref separator, "le", bound);
        }

        _text.Append(separator == '{' ? " " : "} ").Append(Format(value)).Append('\n');
    }

    /// <summary>The text so far, UTF-8.</summary>
    public byte[] ToUtf8() => Encoding.UTF8.GetBytes(_text.ToString());

    private static string Format(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string NameOf(string label) =>
        string.Concat(label.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    private void WriteHistogram(MetricFamily family, MetricSeries series)
    {
        var (sum, count, buckets) = series.Read();
        var total = 0L;
        for (var i = 0; i < buckets.Length; i++)
        {
            total += buckets[i];
            var bound = i < family.Bounds.Length ? family.Bounds[i] : double.PositiveInfinity;
            WriteSample(family.Name + "_bucket", series.Labels, total, Format(bound));
        }

        WriteSample(family.Name + "_sum", series.Labels, sum);
        WriteSample(family.Name + "_count", series.Labels, count);
    }

    private void WriteLabel(ref char separator, string name, string value)
    {
        _text.Append(separator).Append(NameOf(name)).Append("=\"");
        foreach (var letter in value)
        {
            _ = letter switch
            {
                '\\' => _text.Append("\\\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append("\\n"),
                _ => _text.Append(letter),
            };
        }

        _text.Append('"');
        separator = ',';
    }
}
