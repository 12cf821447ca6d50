using Kimura.Gateway.Health;
using Kimura.Gateway.Http;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Methods;
using Kimura.Gateway.Metrics;
using Kimura.Gateway.Pages;
using Kimura.Gateway.RateLimiting;
using Kimura.Gateway.Rest;
using Kimura.Gateway.Sockets;
using Kimura.Gateway.Subscriptions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Kimura.Gateway;

/// <summary>
/// Puts the gateway into a web application: JSON-RPC 2.0 on <c>POST /</c> and over WebSocket at <c>/ws</c>, REST reads, health, metrics and OpenRPC (protocol section 7).
/// It needs an <c>Orleans.IGrainFactory</c> among the services, and takes a <see cref="TimeProvider"/> where there is one.
/// </summary>
public static class GatewayExtensions
{
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);

    // Middleboxes forget connections that are silent for a minute; a client that is gone is noticed in as long.
    private static readonly TimeSpan SocketPing = TimeSpan.FromSeconds(25);

    /// <summary>Adds the gateway's services and sets Kestrel's limits; where Kestrel listens is the host's to say.</summary>
    /// <exception cref="ArgumentException">An option cannot be; the message names it.</exception>
    public static IServiceCollection AddKimuraGateway(this IServiceCollection services, GatewayOptions options)
    {
        if (options.FindFault() is { } fault)
        {
            throw new ArgumentException(fault, nameof(options));
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton(options);
        services.TryAddSingleton<BrokenConnections>();
        services.AddSingleton<NodeAccess>();
        services.AddSingleton<MethodTable>();
        services.AddSingleton<ClientRateLimiter>();
        services.AddSingleton<GatewayInstruments>();
        services.AddSingleton<MetricRegistry>();
        services.AddSingleton<BodyBudget>();
        services.AddSingleton<CorsRules>();
        services.AddSingleton<CallRunner>();
        services.AddSingleton<CallAdmission>();
        services.AddSingleton<TipFeed>();
        services.AddSingleton<RecentBlocks>();
        services.AddSingleton<SubscriptionServices>();
        services.AddSingleton<SocketQuota>();
        services.AddSingleton<SocketServices>();
        services.AddSingleton<SocketEndpoint>();
        services.AddSingleton<JsonRpcEndpoint>();
        services.AddSingleton<RestEndpoint>();
        services.AddSingleton<HealthEndpoint>();
        services.AddSingleton<MetricsEndpoint>();
        services.AddSingleton<ExplorerPages>();
        services.AddSingleton<GatewayRouter>();
        services.Configure<KestrelServerOptions>(kestrel => SetLimits(kestrel, options));
        return services;
    }

    /// <summary>Answers every request from here on: put it last.</summary>
    public static IApplicationBuilder UseKimuraGateway(this IApplicationBuilder app)
    {
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = SocketPing, KeepAliveTimeout = SocketPing });
        var router = app.ApplicationServices.GetRequiredService<GatewayRouter>();
        app.Run(router.HandleAsync);
        return app;
    }

    private static void SetLimits(KestrelServerOptions kestrel, GatewayOptions options)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
        // The gateway holds its own limit, so that the refusal is a JSON-RPC error that says the limit.
        limits.MaxRequestBodySize = null;
        // No request of this interface needs more; a header flood ends here.
        limits.MaxRequestHeaderCount = 64;
        limits.MaxRequestHeadersTotalSize = 16 << 10;
        limits.MaxRequestLineSize = 4 << 10;
        limits.RequestHeadersTimeout = HeadersTimeout;
    }
}
