using System.Text.Json;
using Kimura.Gateway.Http;
using Kimura.Gateway.Methods;
using Kimura.Gateway.Metrics;
using Kimura.Gateway.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.JsonRpc;

/// <summary><c>POST /</c>: reads a body, parses it strictly, charges the client for its calls, and runs them.</summary>
internal sealed class JsonRpcEndpoint(
    MethodTable table,
    CallRunner runner,
    ClientRateLimiter limiter,
    BodyBudget budget,
    GatewayOptions options,
    GatewayInstruments instruments)
{
    /// <summary>The label of a request with several calls.</summary>
    public const string Batch = "batch";

    // Above this a client that has nothing left is refused before its body is read.
    private const int SmallBody = 64 << 10;

    private const int BusyRetryMilliseconds = 1000;

    /// <summary>Answers the request; returns the name it is counted by.</summary>
    public async Task<string> HandleAsync(HttpContext context)
    {
        using var response = new JsonResponse(context);
        var client = context.Connection.RemoteIpAddress;
        if (context.Request.ContentLength is null or > SmallBody && limiter.RetryAfter(client) is { } wait)
        {
            return await RefuseAsync(context, response, RpcFailure.RateLimited(wait), StatusCodes.Status429TooManyRequests, wait);
        }

        using var body = await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, budget, context.RequestAborted);
        if (body.Outcome == BodyOutcome.TooLarge)
        {
            return await RefuseAsync(
                context, response, RpcFailure.TooLarge(options.MaxRequestBytes), StatusCodes.Status413PayloadTooLarge);
        }

        if (body.Outcome == BodyOutcome.OverBudget)
        {
            var busy = RpcFailure.RateLimited(BusyRetryMilliseconds);
            return await RefuseAsync(context, response, busy, StatusCodes.Status429TooManyRequests, BusyRetryMilliseconds);
        }

        using var document = StrictJson.TryParse(body.Bytes, out var fault);
        return await (document is null
            ? RefuseUnreadAsync(context, response, RpcFailure.ParseError(fault!))
            : RunAsync(context, response, document.RootElement));
    }

    private async Task<string> RunAsync(HttpContext context, JsonResponse response, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Array)
        {
            var request = RpcRequest.Read(root, table);
            if (!await TryChargeAsync(context, response, request.Cost, request))
            {
                return Label(request);
            }

            await runner.RunOneAsync(request, response);
            await FinishAsync(response);
            return Label(request);
        }

        var count = root.GetArrayLength();
        if (count == 0)
        {
            return await RefuseUnreadAsync(context, response, RpcFailure.InvalidRequest("an empty batch"));
        }

        if (count > options.MaxBatchCalls)
        {
            return await RefuseAsync(context, response, RpcFailure.TooLarge(options.MaxBatchCalls), StatusCodes.Status413PayloadTooLarge);
        }

        var requests = new RpcRequest[count];
        var cost = 0;
        var at = 0;
        foreach (var element in root.EnumerateArray())
        {
            requests[at] = RpcRequest.Read(element, table);
            cost += requests[at].Cost;
            at++;
        }

        if (await TryChargeAsync(context, response, cost, default))
        {
            await runner.RunBatchAsync(requests, response);
            await FinishAsync(response);
        }

        return Batch;
    }

    private static string Label(RpcRequest request) => request.Method?.Name ?? GatewayInstruments.UnknownMethod;

    private static ValueTask FinishAsync(JsonResponse response)
    {
        if (response.IsEmpty)
        {
            response.StatusCode = StatusCodes.Status204NoContent;
            return ValueTask.CompletedTask;
        }

        return response.CompleteAsync();
    }

    // What is no request costs one as well, or malformed ones would be free.
    private async Task<string> RefuseUnreadAsync(HttpContext context, JsonResponse response, RpcFailure failure) =>
        await TryChargeAsync(context, response, cost: 1, default)
            ? await RefuseAsync(context, response, failure, StatusCodes.Status200OK)
            : GatewayInstruments.UnknownMethod;

    private async ValueTask<bool> TryChargeAsync(HttpContext context, JsonResponse response, int cost, RpcRequest request)
    {
        var charge = limiter.Take(context.Connection.RemoteIpAddress, cost);
        switch (charge.Outcome)
        {
            case ChargeOutcome.Granted:
                return true;
            case ChargeOutcome.OverBurst:
                await RefuseAsync(
                    context, response, RpcFailure.TooLarge(options.Burst), StatusCodes.Status413PayloadTooLarge, request: request);
                return false;
            default:
                var wait = charge.RetryAfterMilliseconds;
                await RefuseAsync(
                    context, response, RpcFailure.RateLimited(wait), StatusCodes.Status429TooManyRequests, wait, request);
                return false;
        }
    }

    private async Task<string> RefuseAsync(
        HttpContext context, JsonResponse response, RpcFailure failure, int status, int retryAfter = 0, RpcRequest request = default)
    {
        instruments.CallEnded(request.Method?.Name, failure.Code);
        response.StatusCode = status;
        if (status == StatusCodes.Status429TooManyRequests)
        {
            instruments.RateLimited();
            RetryAfter.Set(context.Response, retryAfter);
        }

        CallRunner.WriteFailure(response, request, failure);
        await response.CompleteAsync();
        return Label(request);
    }
}
