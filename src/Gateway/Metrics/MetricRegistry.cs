using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Metrics;

/// <summary>
/// Gathers what every meter named <c>Kimura…</c> of this host measures. Meters of another host in this process, told by the factory
/// that made them, are left alone.
/// </summary>
internal sealed partial class MetricRegistry : IDisposable
{
    private const string MeterPrefix = "Kimura";

    private readonly IMeterFactory _meters;
    private readonly ILogger<MetricRegistry> _logger;
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private readonly Lock _scrape = new();

    public MetricRegistry(IMeterFactory meters, ILogger<MetricRegistry> logger)
    {
        _meters = meters;
        _logger = logger;
        _listener.InstrumentPublished = Publish;
        Listen<byte>(static value => value);
        Listen<short>(static value => value);
        Listen<int>(static value => value);
        Listen<long>(static value => value);
        Listen<float>(static value => value);
        Listen<double>(static value => value);
        Listen<decimal>(static value => (double)value);
        _listener.Start();
    }

    /// <summary>All families by name, observed ones as they are now.</summary>
    public IReadOnlyList<MetricFamily> Collect()
    {
        lock (_scrape)
        {
            foreach (var family in _families.Values.Where(family => family.IsObserved))
            {
                family.Forget();
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException fault)
            {
                LogObservationFailed(fault);
            }

            return [.. _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal)];
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Publish(Instrument instrument, MeterListener listener)
    {
        var meter = instrument.Meter;
        if (!meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal)
            || (meter.Scope is IMeterFactory factory && !ReferenceEquals(factory, _meters))
            || MetricFamily.Create(instrument) is not { } made)
        {
            return;
        }

        var family = _families.GetOrAdd(made.Name, made);
        if (family.Type == made.Type && family.IsObserved == made.IsObserved)
        {
            listener.EnableMeasurementEvents(instrument, family);
        }
        else
        {
            LogConflict(instrument.Name, made.Name);
        }
    }

    private void Listen<T>(Func<T, double> toDouble)
        where T : struct =>
        _listener.SetMeasurementEventCallback<T>((instrument, value, tags, state) =>
        {
            var isAbsolute = instrument.IsObservable || instrument is Gauge<T>;
            ((MetricFamily)state!).Record(toDouble(value), isAbsolute, tags);
        });
}
