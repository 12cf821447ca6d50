using Kimura.Gateway.Http;
using Kimura.Gateway.Metrics;
using Kimura.Gateway.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.JsonRpc;

/// <summary><c>POST /</c>: reads a body, parses it strictly, charges the client for its calls, and runs them.</summary>
internal sealed class JsonRpcEndpoint(
    CallAdmission admission,
    CallRunner runner,
    ClientRateLimiter limiter,
    BodyBudget budget,
    GatewayOptions options,
    GatewayInstruments instruments)
{
    // Above this a client that has nothing left is refused before its body is read.
    private const int SmallBody = 64 << 10;

    /// <summary>Answers the request; returns the name it is counted by.</summary>
    public async Task<string> HandleAsync(HttpContext context)
    {
        using var response = new HttpJsonResponse(context);
        var client = context.Connection.RemoteIpAddress;
        if (context.Request.ContentLength is null or > SmallBody && limiter.RetryAfter(client) is { } wait)
        {
            return await RefuseAsync(context, response, Admission.Refuse(RpcFailure.RateLimited(wait), wait));
        }

        using var body = await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, budget, context.RequestAborted);
        using var admitted = admission.Admit(client, body);
        if (admitted.Refusal is not null)
        {
            return await RefuseAsync(context, response, admitted);
        }

        await runner.RunAsync(admitted, response);
        if (response.IsEmpty)
        {
            response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
        {
            await response.CompleteAsync();
        }

        return admitted.Label;
    }

    private async Task<string> RefuseAsync(HttpContext context, HttpJsonResponse response, Admission refused)
    {
        instruments.CallEnded(refused.Asked.Method?.Name, refused.Refusal!.Code);
        response.StatusCode = StatusOf(refused.Refusal.Code);
        if (response.StatusCode == StatusCodes.Status429TooManyRequests)
        {
            instruments.RateLimited();
            RetryAfter.Set(context.Response, refused.RetryAfterMilliseconds);
        }

        CallRunner.WriteFailure(response, refused.Asked, refused.Refusal);
        await response.CompleteAsync();
        return refused.Label;
    }

    private static int StatusOf(int code) => code switch
    {
        RpcCodes.RateLimited => StatusCodes.Status429TooManyRequests,
        RpcCodes.TooLarge => StatusCodes.Status413PayloadTooLarge,
        _ => StatusCodes.Status200OK,
    };
}
