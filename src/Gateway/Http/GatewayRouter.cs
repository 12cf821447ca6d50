using Kimura.Gateway.Health;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Methods;
using Kimura.Gateway.Metrics;
using Kimura.Gateway.Pages;
using Kimura.Gateway.Rest;
using Kimura.Gateway.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Http;

/// <summary>The way from a path to what answers it, and the last stop of every exception: nothing a client sends becomes a 500.</summary>
internal sealed partial class GatewayRouter(
    JsonRpcEndpoint rpc,
    RestEndpoint rest,
    HealthEndpoint health,
    MetricsEndpoint metrics,
    SocketEndpoint sockets,
    ExplorerPages explorer,
    MethodTable table,
    CorsRules cors,
    GatewayInstruments instruments,
    TimeProvider time,
    ILogger<GatewayRouter> logger)
{
    private const string ReadMethods = "GET, HEAD, OPTIONS";
    private const string RootMethods = "GET, HEAD, POST, OPTIONS";
    private const string MessagePrefix = "/message/";
    private const string BlockPrefix = "/block/";

    private static readonly string NoExplorer = """

        The explorer page is not part of this build: install Node.js 20 or later, with npm, and run the node again with
        python3 blockchain.py run

        """.ReplaceLineEndings("\n");

    private static readonly string RootPage = """
        Kimura node

        GET  /                  the explorer, for a browser
        POST /                  JSON-RPC 2.0
        GET  /ws                JSON-RPC 2.0 over WebSocket, with subscriptions
        GET  /message/{id}      a message
        GET  /block/{height}    a block, by height, hash or "latest" (?messages=true)
        GET  /health/live       whether the process answers
        GET  /health/ready      whether the node is synced and blocks are coming
        GET  /metrics           Prometheus text
        GET  /openrpc.json      what the JSON-RPC interface can do

        """.ReplaceLineEndings("\n");

    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (string.Equals(context.Request.Path.Value, SocketEndpoint.Path, StringComparison.Ordinal))
        {
            // A connection for as long as its client likes: no request to be timed.
            await sockets.HandleAsync(context);
            return;
        }

        var started = time.GetTimestamp();
        var label = GatewayInstruments.UnknownMethod;
        instruments.RequestStarted();
        try
        {
            label = await RouteAsync(context);
        }
        catch (Exception fault) when (IsDisconnect(fault, context))
        {
            LogDisconnected(fault.Message);
        }
        catch (BadHttpRequestException fault)
        {
            await RefuseAsync(context, RpcFailure.InvalidRequest("not a well-formed HTTP request"), fault.StatusCode);
        }
        catch (Exception fault)
        {
            LogFailed(fault, context.Request.Path.Value ?? "/");
            var status = IsCall(context) ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            await RefuseAsync(context, FailureClassifier.Classify(fault), status);
        }
        finally
        {
            instruments.RequestEnded(label, time.GetElapsedTime(started));
        }
    }

    private static bool IsDisconnect(Exception fault, HttpContext context) =>
        fault is ConnectionResetException or ConnectionAbortedException or { InnerException: ConnectionResetException or ConnectionAbortedException }
        || (fault is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested);

    // Where a part of the answer was sent already, cutting the connection is the only honest end.
    private static async Task RefuseAsync(HttpContext context, RpcFailure failure, int status)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        using var response = new HttpJsonResponse(context);
        response.StatusCode = status;
        if (IsCall(context))
        {
            CallRunner.WriteFailure(response, default, failure);
            await response.CompleteAsync();
        }
        else
        {
            await RestError.WriteAsync(response, failure, status);
        }
    }

    private static bool IsRoot(HttpContext context) => context.Request.Path.Value is null or "" or "/";

    private static bool IsCall(HttpContext context) => IsRoot(context) && HttpMethods.IsPost(context.Request.Method);

    private async Task<string> RouteAsync(HttpContext context)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        var isAllowed = cors.TryApply(context);
        if (IsCall(context))
        {
            return await PostAsync(context, isAllowed);
        }

        if (FindRead(context) is not { } read)
        {
            await RefuseAsync(context, RpcFailure.NoSuchPath("no such path"), StatusCodes.Status404NotFound);
            return GatewayInstruments.UnknownMethod;
        }

        var methods = IsRoot(context) ? RootMethods : ReadMethods;
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            CorsRules.AnswerOptions(context, methods);
        }
        else if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            await read.Answer();
        }
        else
        {
            context.Response.Headers.Allow = methods;
            await RefuseAsync(context, RpcFailure.NoSuchPath($"only {methods}"), StatusCodes.Status405MethodNotAllowed);
        }

        return read.Label;
    }

    private async Task<string> PostAsync(HttpContext context, bool isAllowed)
    {
        var hasOrigin = context.Request.Headers.Origin.Count > 0;
        if (isAllowed && (!hasOrigin || CorsRules.IsJson(context.Request.ContentType)))
        {
            return await rpc.HandleAsync(context);
        }

        var refusal = isAllowed
            ? (Reason: "a browser must send application/json", Status: StatusCodes.Status415UnsupportedMediaType)
            : (Reason: "this origin is not allowed", Status: StatusCodes.Status403Forbidden);
        instruments.CallEnded(method: null, RpcCodes.InvalidRequest);
        await RefuseAsync(context, RpcFailure.InvalidRequest(refusal.Reason), refusal.Status);
        return GatewayInstruments.UnknownMethod;
    }

    private (string Label, Func<Task> Answer)? FindRead(HttpContext context) => context.Request.Path.Value switch
    {
        null or "" or "/" => ("GET /", () => WriteRootAsync(context)),
        "/health/live" => ("GET /health", () => HealthEndpoint.LiveAsync(context)),
        "/health/ready" => ("GET /health", () => health.ReadyAsync(context)),
        "/metrics" => ("GET /metrics", () => metrics.HandleAsync(context)),
        "/openrpc.json" => ("GET /openrpc.json", () => WriteDocumentAsync(context)),
        { } path when path.StartsWith(MessagePrefix, StringComparison.Ordinal) =>
            ("GET /message", () => rest.MessageAsync(context, path[MessagePrefix.Length..])),
        { } path when path.StartsWith(BlockPrefix, StringComparison.Ordinal) =>
            ("GET /block", () => rest.BlockAsync(context, path[BlockPrefix.Length..])),
        { } path when explorer.Find(path) is { } file => ("GET /", () => ExplorerPages.WriteAsync(context, file)),
        _ => null,
    };

    // Browsers ask for a page, programs for whatever there is.
    private Task WriteRootAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.Vary = headers.Vary.Count == 0 ? "Accept" : $"{headers.Vary}, Accept";
        var wantsPage = context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        if (wantsPage && explorer.Find("/") is { } page)
        {
            return ExplorerPages.WriteAsync(context, page);
        }

        var text = explorer.IsBuilt ? RootPage : RootPage + NoExplorer;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = text.Length;
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private async Task WriteDocumentAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = table.Document.Length;
        await context.Response.BodyWriter.WriteAsync(table.Document, context.RequestAborted);
    }
}
