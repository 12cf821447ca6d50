using System.Diagnostics.Metrics;
using Kimura.Storage.Ledger.Mending;

namespace Kimura.Silo.Repair;

/// <summary>What finding and mending damage measures.</summary>
internal sealed class RepairInstruments
{
    private readonly Counter<long> _found;
    private readonly Counter<long> _mended;
    private readonly Counter<long> _scrubbed;
    private readonly Counter<long> _passes;
    private long _height;

    /// <summary>Registers the instruments of the meter <c>Kimura.Repair</c>.</summary>
    public RepairInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Kimura.Repair");
        _found = meter.CreateCounter<long>("kimura.repair.damaged", "{record}", "Damaged or missing records met, by kind.");
        _mended = meter.CreateCounter<long>("kimura.repair.mended", "{record}", "Records put back, by kind.");
        _scrubbed = meter.CreateCounter<long>("kimura.repair.scrubbed", "By", "Bytes that the scrub has read and found right.");
        _passes = meter.CreateCounter<long>("kimura.repair.passes", "{pass}", "Times that the scrub has looked through everything.");
        meter.CreateObservableGauge("kimura.repair.scrub.height", () => Volatile.Read(ref _height), "{block}", "The height that the scrub is at.");
        foreach (var kind in Enum.GetValues<DamageKind>().Where(kind => kind != DamageKind.Unspecified))
        {
            _found.Add(0, KindOf(kind));
            _mended.Add(0, KindOf(kind));
        }

        _scrubbed.Add(0);
        _passes.Add(0);
    }

    public void Found(DamageKind kind) => _found.Add(1, KindOf(kind));

    public void Mended(DamageKind kind) => _mended.Add(1, KindOf(kind));

    public void Scrubbed(ulong height, long bytes)
    {
        Volatile.Write(ref _height, (long)height);
        _scrubbed.Add(bytes);
    }

    public void Passed() => _passes.Add(1);

    private static KeyValuePair<string, object?> KindOf(DamageKind kind) => new("kind", kind.ToString().ToLowerInvariant());
}
