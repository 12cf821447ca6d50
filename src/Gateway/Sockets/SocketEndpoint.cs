using System.Net.WebSockets;
using Kimura.Gateway.Http;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Rest;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Sockets;

/// <summary><c>/ws</c>: JSON-RPC over WebSocket (RFC 6455), with subscriptions.</summary>
internal sealed partial class SocketEndpoint(
    SocketServices services, SocketQuota quota, CorsRules cors, IHostApplicationLifetime lifetime, ILogger<SocketEndpoint> logger)
{
    public const string Path = "/ws";

    /// <summary>Serves the connection until it ends.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        // Browsers let every page open a WebSocket to anywhere, and say for whom: no preflight guards this one.
        if (!cors.TryApply(context))
        {
            await RefuseAsync(context, RpcFailure.InvalidRequest("this origin is not allowed"), StatusCodes.Status403Forbidden);
            return;
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            await RefuseAsync(context, RpcFailure.InvalidRequest("only WebSocket here"), StatusCodes.Status426UpgradeRequired);
            return;
        }

        var client = context.Connection.RemoteIpAddress;
        if (!quota.TryTake(client))
        {
            services.Instruments.RateLimited();
            await RefuseAsync(context, RpcFailure.RateLimited(RetryMilliseconds), StatusCodes.Status429TooManyRequests);
            return;
        }

        services.Instruments.SocketOpened();
        try
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            using var session = new SocketSession(context, socket, services, lifetime.ApplicationStopping);
            await session.RunAsync();
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            LogGone(fault.Message);
        }
        finally
        {
            services.Instruments.SocketClosed();
            quota.Return(client);
        }
    }

    private const int RetryMilliseconds = 5000;

    private static async Task RefuseAsync(HttpContext context, RpcFailure failure, int status)
    {
        using var response = new HttpJsonResponse(context);
        await RestError.WriteAsync(response, failure, status);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A WebSocket client went away: {Reason}")]
    private partial void LogGone(string reason);
}
