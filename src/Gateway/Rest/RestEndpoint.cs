using Kimura.Chain;
using Kimura.Gateway.Http;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Methods;
using Kimura.Gateway.Metrics;
using Kimura.Gateway.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Rest;

/// <summary><c>GET /message/{id}</c> and <c>GET /block/{height}</c>: the results of get_message and get_block on their own.</summary>
internal sealed partial class RestEndpoint(
    MethodTable table, ClientRateLimiter limiter, GatewayInstruments instruments, ILogger<RestEndpoint> logger)
{
    /// <summary>Answers <c>/message/{id}</c>.</summary>
    public Task MessageAsync(HttpContext context, string id)
    {
        var bytes = new byte[Hash32.Size];
        return AnswerAsync(context, "GET /message", () => Hex.TryDecode(id, bytes)
            ? table.Queries.GetMessageAsync(bytes)
            : Refuse("id", "not a message id: 64 hex digits"));
    }

    /// <summary>Answers <c>/block/{reference}</c>.</summary>
    public Task BlockAsync(HttpContext context, string reference) => AnswerAsync(context, "GET /block", () =>
    {
        if (!BlockReference.TryParse(reference, out var block))
        {
            return Refuse("height", "not a height, \"latest\", or a block hash (64 hex digits)");
        }

        return context.Request.Query["messages"].ToArray() switch
        {
            [] or ["false"] => table.Queries.GetBlockAsync(block, withMessages: false),
            ["true"] => table.Queries.GetBlockAsync(block, withMessages: true),
            _ => Refuse("messages", "not true or false"),
        };
    });

    private static ValueTask<RpcAnswer> Refuse(string parameter, string reason) =>
        ValueTask.FromResult(RpcAnswer.Fail(RpcFailure.InvalidParam(parameter, reason)));

    private async Task AnswerAsync(HttpContext context, string label, Func<ValueTask<RpcAnswer>> ask)
    {
        using var response = new HttpJsonResponse(context);
        var answer = await ChargeAndAskAsync(context, label, ask);
        instruments.CallEnded(label, answer.Failure?.Code ?? 0);
        if (answer.Failure is { } failure)
        {
            await RestError.WriteAsync(response, failure, RestError.StatusOf(failure.Code));
            return;
        }

        await answer.Write!(response);
        await response.CompleteAsync();
    }

    private async ValueTask<RpcAnswer> ChargeAndAskAsync(HttpContext context, string label, Func<ValueTask<RpcAnswer>> ask)
    {
        var charge = limiter.Take(context.Connection.RemoteIpAddress, cost: 1);
        if (charge.Outcome != ChargeOutcome.Granted)
        {
            instruments.RateLimited();
            RetryAfter.Set(context.Response, charge.RetryAfterMilliseconds);
            return RpcAnswer.Fail(RpcFailure.RateLimited(charge.RetryAfterMilliseconds));
        }

        try
        {
            return await ask();
        }
        catch (Exception fault)
        {
            var failure = FailureClassifier.Classify(fault);
            LogFailed(fault, label, failure.Code);
            return RpcAnswer.Fail(failure);
        }
    }
}
