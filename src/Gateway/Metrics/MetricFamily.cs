using System.Diagnostics.Metrics;

namespace Kimura.Gateway.Metrics;

/// <summary>The Prometheus types in use.</summary>
internal enum MetricType
{
    Unspecified = 0,
    Counter,
    Gauge,
    Histogram,
}

/// <summary>All series of one Prometheus name. Label sets beyond <see cref="MaxSeries"/> are counted together under <c>other</c>.</summary>
internal sealed class MetricFamily(string name, MetricType type, bool isObserved, double scale, double[] bounds, string help)
{
    /// <summary>The most label sets of a family.</summary>
    public const int MaxSeries = 200;

    private const string Other = "other";

    private readonly Lock _lock = new();
    private MetricSeries[] _series = [];

    public string Name => name;

    public MetricType Type => type;

    /// <summary>True where a callback tells the value at each scrape.</summary>
    public bool IsObserved => isObserved;

    public double[] Bounds => bounds;

    public string Help => help;

    /// <summary>The family that an instrument's measurements go to; null for a kind of instrument without a Prometheus type.</summary>
    public static MetricFamily? Create(Instrument instrument)
    {
        var definition = instrument.GetType().IsGenericType ? instrument.GetType().GetGenericTypeDefinition() : null;
        var type = definition switch
        {
            _ when definition == typeof(Counter<>) || definition == typeof(ObservableCounter<>) => MetricType.Counter,
            _ when definition == typeof(Histogram<>) => MetricType.Histogram,
            _ when definition == typeof(Gauge<>) || definition == typeof(ObservableGauge<>) => MetricType.Gauge,
            _ when definition == typeof(UpDownCounter<>) || definition == typeof(ObservableUpDownCounter<>) => MetricType.Gauge,
            _ => MetricType.Unspecified,
        };
        if (type == MetricType.Unspecified)
        {
            return null;
        }

        var unit = MetricUnit.Of(instrument.Unit);
        var bounds = type == MetricType.Histogram ? unit.BoundsOf(instrument) : [];
        var name = unit.NameOf(instrument.Name, type);
        return new MetricFamily(name, type, instrument.IsObservable, unit.Scale, bounds, instrument.Description ?? instrument.Name);
    }

    /// <summary>Adds to a counter or a histogram, or sets what is observed.</summary>
    public void Record(double value, bool isAbsolute, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        Find(tags).Record(value * scale, isAbsolute);

    /// <summary>The series now.</summary>
    public MetricSeries[] Read()
    {
        lock (_lock)
        {
            return _series;
        }
    }

    /// <summary>Forgets observed values before they are observed again, so that what is gone disappears.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _series = [];
        }
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // The array is replaced, never changed: readers need no lock.
        var known = Volatile.Read(ref _series);
        foreach (var series in known)
        {
            if (series.Has(tags))
            {
                return series;
            }
        }

        lock (_lock)
        {
            foreach (var series in _series)
            {
                if (series.Has(tags))
                {
                    return series;
                }
            }

            if (_series.Length >= MaxSeries)
            {
                return _series[^1];
            }

            var isLast = _series.Length == MaxSeries - 1;
            var added = new MetricSeries(tags, isLast ? Other : null, bounds);
            Volatile.Write(ref _series, [.. _series, added]);
            return added;
        }
    }
}
