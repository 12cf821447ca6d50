using System.Diagnostics.Metrics;
using Kimura.Storage.Backup;

namespace Kimura.Silo.Backups;

/// <summary>What scheduled backups measure.</summary>
internal sealed class BackupInstruments
{
    private readonly Counter<long> _made;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _stored;
    private readonly Gauge<double> _lastTime;
    private readonly Gauge<long> _lastHeight;

    /// <summary>Registers the instruments of the meter <c>Kimura.Backup</c>.</summary>
    public BackupInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Kimura.Backup");
        _made = meter.CreateCounter<long>("kimura.backup.made", "{backup}", "Scheduled backups made.");
        _failed = meter.CreateCounter<long>("kimura.backup.failed", "{backup}", "Scheduled backups that failed.");
        _stored = meter.CreateCounter<long>("kimura.backup.stored", "By", "Bytes that scheduled backups added.");
        _lastTime = meter.CreateGauge<double>("kimura.backup.last_success.timestamp", "s", "When the newest good backup was made.");
        _lastHeight = meter.CreateGauge<long>("kimura.backup.last_success.height", "{block}", "The height of the newest good backup.");
        _made.Add(0);
        _failed.Add(0);
        _stored.Add(0);
    }

    public void Made(BackupResult result)
    {
        _made.Add(1);
        _stored.Add(result.NewBytes);
        Newest(result.Manifest);
    }

    public void Newest(BackupManifest manifest)
    {
        _lastTime.Record(manifest.Created.ToUnixTimeMilliseconds() / 1000.0);
        _lastHeight.Record(checked((long)manifest.Chain.Height));
    }

    public void Failed() => _failed.Add(1);
}
