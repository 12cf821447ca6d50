using System.Diagnostics.Metrics;
using Kimura.Grains;
using Kimura.Grains.Intake;
using Kimura.Grains.Leader;
using Kimura.Grains.Pool;
using Kimura.Silo.Hosting;
using Kimura.Silo.Network;
using Kimura.Storage.Log;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Storage;

namespace Kimura.Tests.Simulation.Node;

/// <summary>
/// A second silo, of a cluster that knows nothing of the first one, over the same store: what Orleans allows for a while when a cluster splits. It
/// has a leader and a pool of its own, and only the epochs keep the two apart.
/// </summary>
internal sealed class RivalSilo
{
    private readonly ServiceProvider _services;
    private readonly NodePorts _ports;

    public RivalSilo(SimNode node, IServiceProvider first, NodeStorage storage, NodePorts ports)
    {
        _ports = ports;
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        var services = builder.Services;
        services
            .AddSingleton(first.GetRequiredService<ILoggerFactory>()).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddSingleton(ports.Time).AddSingleton(ports.Workers).AddSingleton(storage.Store).AddSingleton(storage.Chain).AddSingleton<IChainLog>(storage.Chain).AddSingleton(storage.Signer!)
            .AddSingleton(node.Configuration.Chain).AddSingleton(first.GetRequiredService<NodeOptions>()).AddSingleton(first.GetRequiredService<ProductionGate>())
            .AddMetrics().AddSingleton<LeaderInstruments>().AddSingleton<PoolInstruments>().AddSingleton<IntakeInstruments>()
            .AddSingleton(provider => new BackgroundWork(ports.Scheduler, provider.GetRequiredService<ILogger<BackgroundWork>>()));
        EngineWiring.Add(builder, node.Configuration, ports);
        services.AddSingleton<LeaderKeepAlive>();

        // The provider is the cluster's database, and that is one: its ETags hold for both.
        services.AddKeyedSingleton(NodeOptions.GrainStorage, first.GetRequiredKeyedService<IGrainStorage>(NodeOptions.GrainStorage));
        _services = services.BuildServiceProvider();
    }

    public bool IsRunning { get; private set; }

    /// <summary>It has ended, and another one may come.</summary>
    public bool IsOver { get; private set; }

    public IGrainFactory Grains => _services.GetRequiredService<IGrainFactory>();

    public async Task RunAsync(TimeSpan time)
    {
        var hosted = _services.GetServices<IHostedService>().ToList();
        foreach (var service in hosted)
        {
            await service.StartAsync(CancellationToken.None);
        }

        _services.GetRequiredService<LeaderKeepAlive>().Start();
        IsRunning = true;
        await Task.Delay(time, _ports.Time);
        IsRunning = false;
        await _services.GetRequiredService<BackgroundWork>().StopAsync();
        hosted.Reverse();
        foreach (var service in hosted)
        {
            await service.StopAsync(CancellationToken.None);
        }

        IsOver = true;
    }

    /// <summary>The process is gone, and it with it.</summary>
    public void Forget() => _services.GetRequiredService<IMeterFactory>().Dispose();
}
