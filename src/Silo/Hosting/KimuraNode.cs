using System.Reflection;
using Kimura.Gateway;
using Kimura.Libp2p.Addressing;
using Kimura.Silo.Backups;
using Kimura.Silo.Configuration;
using Kimura.Silo.Network;
using Kimura.Silo.Work;
using Kimura.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Kimura.Silo.Hosting;

/// <summary>A running node: database, silo and gateway in this process.</summary>
public sealed class KimuraNode : IAsyncDisposable
{
    // Together below the five seconds of a stop (protocol section 5).
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(3);

    private readonly WorkerThreads _workers;
    private readonly NodeStorage _storage;
    private readonly WebApplication _app;

    private KimuraNode(WorkerThreads workers, NodeStorage storage, WebApplication app)
    {
        _workers = workers;
        _storage = storage;
        _app = app;
    }

    /// <summary>The version of this build.</summary>
    public static string Version { get; } =
        typeof(KimuraNode).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The engine of this build.</summary>
    public static string Engine => EngineWiring.Name;

    /// <summary>Where the gateway answers.</summary>
    public Uri RpcAddress => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Where other nodes reach this one: multiaddrs with its peer id.</summary>
    public IReadOnlyList<Multiaddress> NetworkAddresses => _app.Services.GetRequiredService<NodeNetwork>().Addresses;

    /// <summary>The node's parts, for tests.</summary>
    internal IServiceProvider Services => _app.Services;

    /// <summary>The way to the node's grains.</summary>
    public IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Completes with the failure that ended the node's storage; never while it is well.</summary>
    public Task<StorageException> Failed => _storage.Chain.Failed;

    /// <summary>
    /// Opens and checks the database, then starts the silo and the gateway. Nothing is left running where it throws.
    /// </summary>
    /// <exception cref="StorageException">The database is refused, damaged, locked or fails.</exception>
    /// <exception cref="IOException">The gateway's port is taken.</exception>
    /// <exception cref="Libp2p.Libp2pException">The address to listen on cannot be had.</exception>
    public static Task<KimuraNode> StartAsync(
        NodeConfiguration configuration, TimeProvider time, Action<ILoggingBuilder> logging, CancellationToken cancellationToken = default) =>
        StartAsync(configuration, time, logging, static _ => { }, cancellationToken);

    /// <summary>The same with services that the host brings, such as the cluster that several silos in one process share.</summary>
    public static async Task<KimuraNode> StartAsync(
        NodeConfiguration configuration, TimeProvider time, Action<ILoggingBuilder> logging, Action<IServiceCollection> bring, CancellationToken cancellationToken)
    {
        using var startup = LoggerFactory.Create(logging);
        var workers = new WorkerThreads(Environment.ProcessorCount);
        NodeStorage? storage = null;
        WebApplication? app = null;
        try
        {
            var ports = NodePorts.OfMachine(time, workers, new NodeFiles(configuration, startup.CreateLogger<NodeFiles>()));
            storage = await NodeStorage.OpenAsync(configuration, ports, startup, cancellationToken);
            app = Build(configuration, storage, ports, logging, bring);
            cancellationToken.ThrowIfCancellationRequested();

            // Not to be cut short: it takes no time worth it, and the host would report it as a failure.
            await app.StartAsync(CancellationToken.None);
            app.Services.GetService<LeaderKeepAlive>()?.Start();
            return new KimuraNode(workers, storage, app);
        }
        catch
        {
            if (app is not null)
            {
                // What has started, grains among it, ends before the storage that it stands on.
                try
                {
                    await StopAsync(app);
                }
                catch (InvalidOperationException)
                {
                    // Orleans refuses to stop a silo that never ran, once all else has stopped: why it did not run is what counts.
                }

                await app.DisposeAsync();
            }

            if (storage is not null)
            {
                await storage.DisposeAsync();
            }

            workers.Dispose();
            throw;
        }
    }

    /// <summary>Stops taking requests, finishes the block in hand, flushes and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(_app);
        await _app.DisposeAsync();
        _workers.Dispose();
        await _storage.DisposeAsync();
    }

    /// <summary>
    /// Closes the files and no more, for tests that end a silo as if its process had died: work of the node that waits for a dead grain ends
    /// with a process, but not in one that lives on.
    /// </summary>
    internal ValueTask CloseFilesAsync() => _storage.DisposeAsync();

    // Requests first and not for long, or one that its client never ends would take the time that the grains have to finish.
    private static async Task StopAsync(WebApplication app)
    {
        // Subscribers' connections have no end of their own: this tells them.
        app.Lifetime.StopApplication();
        using var requests = new CancellationTokenSource(RequestTimeout, app.Services.GetRequiredService<TimeProvider>());
        await app.Services.GetRequiredService<IServer>().StopAsync(requests.Token);
        await app.StopAsync(CancellationToken.None);
    }

    private static WebApplication Build(
        NodeConfiguration configuration, NodeStorage storage, NodePorts ports, Action<ILoggingBuilder> logging, Action<IServiceCollection> bring)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        logging(builder.Logging);
        var services = builder.Services;
        bring(services);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        services.AddSingleton<IHostLifetime, ProgramLifetime>();
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<SpaceService>(provider, configuration));
        NodeWiring.Add(builder, configuration, storage, ports);
        BackupWiring.Add(services, configuration);
        AddGateway(builder, configuration);
        var app = builder.Build();
        app.UseKimuraGateway();
        return app;
    }

    private static void AddGateway(WebApplicationBuilder builder, NodeConfiguration configuration)
    {
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(configuration.RpcHost, configuration.RpcPort));
        builder.Services.AddKimuraGateway(new GatewayOptions
        {
            RpcHost = configuration.RpcHost,
            RpcPort = configuration.RpcPort,
            RateLimit = configuration.RateLimit,
            MaxRequestBytes = configuration.MaxRequestBytes,
            MaxBatchCalls = configuration.MaxBatchCalls,
            MaxContent = configuration.Chain.MaxContent,
            CorsOrigins = [.. configuration.CorsOrigins],
        });
    }

    // Signals are the program's business, so that a node in a test or another host takes none.
    private sealed class ProgramLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
