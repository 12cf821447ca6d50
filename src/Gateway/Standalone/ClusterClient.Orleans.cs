using Kimura.Gateway.Methods;
using Kimura.Interfaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Serialization;

namespace Kimura.Gateway.Standalone;

/// <summary>The Orleans client of a gateway in a process of its own (docs/decisions/orleans-settings.md has the why of each number).</summary>
internal static partial class ClusterClient
{
    /// <summary>Why this build cannot; null where it can.</summary>
    public const string? Missing = null;

    // A silo that hangs, or a machine that is gone, breaks no connection: this is how long a call costs there, before another silo is asked.
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan GatewayListRefresh = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>Adds the client to a host; it tries until the cluster answers.</summary>
    public static void Add(WebApplicationBuilder builder, ClusterAddress cluster) => builder.UseOrleansClient(client =>
    {
        client.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = cluster.ClusterId);
        client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout);
        client.Configure<Orleans.Configuration.GatewayOptions>(options => options.GatewayListRefreshPeriod = GatewayListRefresh);
        if (cluster.Database is { } database)
        {
            client.UseAdoNetClustering((AdoNetClusteringClientOptions options) =>
            {
                options.Invariant = "Npgsql";
                options.ConnectionString = MembershipDatabase.ConnectionString(database);
            });
        }
        else
        {
            client.UseStaticClustering(cluster.Silo!);
        }

        client.Services.AddSingleton<BrokenConnections>();
        client.AddGatewayCountChangedHandler(static provider =>
        {
            var broken = provider.GetRequiredService<BrokenConnections>();
            return (_, count) =>
            {
                if (count.NumberOfConnectedGateways < count.PreviousNumberOfConnectedGateways)
                {
                    broken.Report();
                }
            };
        });
        client.Services.Configure<ExceptionSerializationOptions>(static options => options.SupportedNamespacePrefixes.Add(nameof(Kimura)));
        client.Services.AddSingleton<IClientConnectionRetryFilter, Patience>();
    });

    private sealed partial class Patience(ILogger<Patience> logger, TimeProvider time) : IClientConnectionRetryFilter
    {
        public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
        {
            LogWaiting(exception.Message);
            await Task.Delay(RetryPause, time, cancellationToken);
            return true;
        }

        [LoggerMessage(Level = LogLevel.Warning, Message = "No silo of the cluster answers yet: {Reason}")]
        private partial void LogWaiting(string reason);
    }
}
