namespace Kimura.Gateway.Metrics;

/// <summary>One label set of a family and its value.</summary>
internal sealed class MetricSeries
{
    private readonly Lock _lock = new();
    private readonly double[] _bounds;
    private readonly long[] _buckets;
    private double _value;
    private long _count;

    /// <summary>A series of these labels; with <paramref name="valueOfAll"/>, all of them have that value.</summary>
    public MetricSeries(ReadOnlySpan<KeyValuePair<string, object?>> tags, string? valueOfAll, double[] bounds)
    {
        Labels = new KeyValuePair<string, string>[tags.Length];
        for (var i = 0; i < tags.Length; i++)
        {
            Labels[i] = new(tags[i].Key, valueOfAll ?? TextOf(tags[i].Value));
        }

        _bounds = bounds;
        _buckets = new long[bounds.Length + 1];
    }

    public KeyValuePair<string, string>[] Labels { get; }

    /// <summary>True if these are its labels, in this order.</summary>
    public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != Labels.Length)
        {
            return false;
        }

        for (var i = 0; i < tags.Length; i++)
        {
            if (!string.Equals(tags[i].Key, Labels[i].Key, StringComparison.Ordinal)
                || !string.Equals(TextOf(tags[i].Value), Labels[i].Value, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes a measurement.</summary>
    public void Record(double value, bool isAbsolute)
    {
        var bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
        {
            bucket++;
        }

        lock (_lock)
        {
            _value = isAbsolute ? value : _value + value;
            _buckets[bucket]++;
            _count++;
        }
    }

    /// <summary>The value, or a histogram's sum, its count, and the counts of its buckets, not cumulated.</summary>
    public (double Value, long Count, long[] Buckets) Read()
    {
        lock (_lock)
        {
            return (_value, _count, [.. _buckets]);
        }
    }

    private static string TextOf(object? value) => value as string ?? value?.ToString() ?? "";
}
