using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Kimura.Samples.GrainClient;

/// <summary>A connection to a silo's port for programs that call grains (<c>--silo-gateway-port</c>).</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private readonly IHost _host;

    private Cluster(IHost host) => _host = host;

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<Cluster> ConnectAsync(IPEndPoint silo, string clusterId)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleansClient(client => client
            .UseStaticClustering(silo)
            .Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = clusterId));
        var host = builder.Build();
        await host.StartAsync();
        return new Cluster(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
