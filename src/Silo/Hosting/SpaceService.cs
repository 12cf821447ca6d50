using System.Diagnostics.Metrics;
using Kimura.Silo.Configuration;
using Kimura.Storage.Ledger;
using Kimura.Storage.Space;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kimura.Silo.Hosting;

/// <summary>Looks after the room on the disk, every second, and says in metrics how it is.</summary>
internal sealed partial class SpaceService : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly SpaceWatch _watch;
    private readonly TimeProvider _time;
    private readonly ILogger<SpaceService> _logger;

    public SpaceService(NodeConfiguration configuration, ChainStore chain, TimeProvider time, IMeterFactory meters, ILogger<SpaceService> logger)
    {
        _watch = new SpaceWatch(chain, () => DiskSpace.Of(configuration.DatabaseDirectory), configuration.DiskReserve, logger);
        _time = time;
        _logger = logger;
        var meter = meters.Create("Kimura.Storage");
        meter.CreateObservableGauge("kimura.storage.free", () => _watch.Free, "By", "Bytes free on the disk of the database.");
        meter.CreateObservableGauge("kimura.storage.paused", () => chain.Pause is null ? 0 : 1, "{pause}", "1 while nothing is taken, made or stored because the disk has no room.");
    }

    // Looked at before anything else starts.
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Look();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Look();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private void Look()
    {
        try
        {
            _watch.Check();
        }
        catch (IOException exception)
        {
            // The system does not say how much is free: the writes themselves will.
            LogUnknown(_logger, exception);
        }
    }
}
