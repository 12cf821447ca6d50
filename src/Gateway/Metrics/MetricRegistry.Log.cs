using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Metrics;

internal sealed partial class MetricRegistry
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "A metric could not be observed")]
    private partial void LogObservationFailed(Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Metric {Instrument} is left out: {Name} is of another type already")]
    private partial void LogConflict(string instrument, string name);
}
