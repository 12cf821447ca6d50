using System.Net;
using System.Text.Json;
using Kimura.Gateway.Http;
using Kimura.Gateway.Methods;
using Kimura.Gateway.Metrics;
using Kimura.Gateway.RateLimiting;

namespace Kimura.Gateway.JsonRpc;

/// <summary>What a client's JSON turned out to be: calls to run, which refer to it, or one refusal.</summary>
internal sealed record Admission : IDisposable
{
    /// <summary>The label of a request with several calls.</summary>
    public const string Batch = "batch";

    public RpcRequest[] Requests { get; private init; } = [];

    public bool IsBatch { get; private init; }

    /// <summary>Why nothing is run; null if the calls may be.</summary>
    public RpcFailure? Refusal { get; private init; }

    /// <summary>Whose id the refusal echoes.</summary>
    public RpcRequest Asked { get; private init; }

    /// <summary>For <see cref="RpcCodes.RateLimited"/>: when to come back.</summary>
    public int RetryAfterMilliseconds { get; private init; }

    /// <summary>The name that the request is counted by.</summary>
    public string Label => IsBatch ? Batch : (Requests.Length > 0 ? Requests[0] : Asked).Method?.Name ?? GatewayInstruments.UnknownMethod;

    /// <summary>What the calls refer to.</summary>
    public JsonDocument? Document { get; init; }

    public void Dispose() => Document?.Dispose();

    public static Admission One(RpcRequest request) => new() { Requests = [request] };

    public static Admission Many(RpcRequest[] requests) => new() { Requests = requests, IsBatch = true };

    public static Admission Refuse(RpcFailure refusal, int retryAfter = 0, RpcRequest asked = default) =>
        new() { Refusal = refusal, RetryAfterMilliseconds = retryAfter, Asked = asked };
}

/// <summary>Reads requests out of JSON and charges their client for them, all or nothing.</summary>
internal sealed class CallAdmission(MethodTable table, ClientRateLimiter limiter, GatewayOptions options)
{
    private const int BusyRetryMilliseconds = 1000;

    /// <summary>Admits what a client sent. What is no JSON costs one as well, or malformed requests would be free.</summary>
    public Admission Admit(IPAddress? client, RequestBody body)
    {
        if (body.Outcome != BodyOutcome.Complete)
        {
            return body.Outcome == BodyOutcome.TooLarge
                ? Admission.Refuse(RpcFailure.TooLarge(options.MaxRequestBytes))
                : Admission.Refuse(RpcFailure.RateLimited(BusyRetryMilliseconds), BusyRetryMilliseconds);
        }

        var document = StrictJson.TryParse(body.Bytes, out var fault);
        return document is null
            ? FindRefusal(client, 1) ?? Admission.Refuse(RpcFailure.ParseError(fault!))
            : Admit(client, document.RootElement) with { Document = document };
    }

    private Admission Admit(IPAddress? client, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Array)
        {
            var request = RpcRequest.Read(root, table);
            return FindRefusal(client, request.Cost, request) ?? Admission.One(request);
        }

        var count = root.GetArrayLength();
        if (count == 0)
        {
            return FindRefusal(client, 1) ?? Admission.Refuse(RpcFailure.InvalidRequest("an empty batch"));
        }

        if (count > options.MaxBatchCalls)
        {
            return Admission.Refuse(RpcFailure.TooLarge(options.MaxBatchCalls));
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

        return FindRefusal(client, cost) ?? Admission.Many(requests);
    }

    private Admission? FindRefusal(IPAddress? client, int cost, RpcRequest asked = default)
    {
        var charge = limiter.Take(client, cost);
        return charge.Outcome switch
        {
            ChargeOutcome.Granted => null,
            ChargeOutcome.OverBurst => Admission.Refuse(RpcFailure.TooLarge(options.Burst), asked: asked),
            _ => Admission.Refuse(
                RpcFailure.RateLimited(charge.RetryAfterMilliseconds), charge.RetryAfterMilliseconds, asked),
        };
    }
}
