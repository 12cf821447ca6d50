using System.Diagnostics.Metrics;

namespace Kimura.Grains.Pool;

/// <summary>What the pool measures.</summary>
public sealed class PoolInstruments
{
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _refused;
    private readonly Histogram<long> _groups;

    /// <summary>Registers the instruments of the meter <c>Kimura.Pool</c>.</summary>
    public PoolInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Kimura.Pool");
        _accepted = meter.CreateCounter<long>("kimura.pool.accepted", "{message}", "Messages stored and answered.");
        _refused = meter.CreateCounter<long>("kimura.pool.refused", "{message}", "Messages with a valid signature that were not taken.");
        _groups = meter.CreateHistogram<long>("kimura.pool.group.size", "{message}", "Messages that shared one sync.");
    }

    internal void Admitted(int accepted, int refused)
    {
        _accepted.Add(accepted);
        _refused.Add(refused);
    }

    internal void Flushed(int messages) => _groups.Record(messages);
}
