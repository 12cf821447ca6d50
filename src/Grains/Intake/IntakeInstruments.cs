using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Kimura.Grains.Intake;

/// <summary>What the intake measures.</summary>
public sealed partial class IntakeInstruments
{
    private readonly Counter<long> _valid;
    private readonly Counter<long> _invalid;
    private readonly ILogger<IntakeInstruments> _logger;

    /// <summary>Registers the instruments of the meter <c>Kimura.Intake</c>.</summary>
    public IntakeInstruments(IMeterFactory meters, ILogger<IntakeInstruments> logger)
    {
        var meter = meters.Create("Kimura.Intake");
        _valid = meter.CreateCounter<long>("kimura.intake.valid", "{message}", "Messages whose signature was valid.");
        _invalid = meter.CreateCounter<long>("kimura.intake.invalid", "{message}", "Messages refused for their signature or size.");
        _logger = logger;
    }

    internal void Checked(int valid, int invalid)
    {
        _valid.Add(valid);
        _invalid.Add(invalid);
    }

    internal void Unreachable(Exception exception) => LogUnreachable(_logger, exception.Message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pending pool cannot be reached: {Reason}")]
    private static partial void LogUnreachable(ILogger logger, string reason);
}
