using System.Text.Json;
using Kimura.Gateway.Methods;

namespace Kimura.Gateway.JsonRpc;

/// <summary>One request object of JSON-RPC 2.0 (section 4), or why it is none; it refers to the document it was read from.</summary>
internal readonly record struct RpcRequest
{
    private const int MessagesPerCost = 100;

    /// <summary>The id to echo; undefined where the answer's id is null because the request's could not be told.</summary>
    public JsonElement Id { get; private init; }

    /// <summary>True if no answer is wanted.</summary>
    public bool IsNotification { get; private init; }

    public RpcMethod? Method { get; private init; }

    public JsonElement Params { get; private init; }

    /// <summary>Why it cannot be run; null if it can.</summary>
    public RpcFailure? Failure { get; private init; }

    /// <summary>What it takes of its client's allowance: one, and for many messages one for every hundred.</summary>
    public int Cost
    {
        get
        {
            if (Method?.Kind != CallKind.SubmitMany)
            {
                return 1;
            }

            var messages = FirstParam();
            var count = messages.ValueKind == JsonValueKind.Array ? messages.GetArrayLength() : 0;
            return Math.Max(1, (count / MessagesPerCost) + (count % MessagesPerCost > 0 ? 1 : 0));
        }
    }

    public static RpcRequest Read(JsonElement request, MethodTable table)
    {
        if (request.ValueKind != JsonValueKind.Object)
        {
            return new RpcRequest { Failure = RpcFailure.InvalidRequest("not an object") };
        }

        JsonElement version = default, id = default, method = default, parameters = default;
        foreach (var member in request.EnumerateObject())
        {
            if (member.NameEquals("jsonrpc"u8))
            {
                version = member.Value;
            }
            else if (member.NameEquals("id"u8))
            {
                id = member.Value;
            }
            else if (member.NameEquals("method"u8))
            {
                method = member.Value;
            }
            else if (member.NameEquals("params"u8))
            {
                parameters = member.Value;
            }
        }

        if (!IsId(id))
        {
            return new RpcRequest { Failure = RpcFailure.InvalidRequest("id is not a string, an integer or null") };
        }

        if (FindFault(version, method, parameters) is { } fault)
        {
            return new RpcRequest { Id = id, Failure = RpcFailure.InvalidRequest(fault) };
        }

        var row = table.Find(method);
        return new RpcRequest
        {
            Id = id,
            IsNotification = id.ValueKind == JsonValueKind.Undefined,
            Method = row,
            Params = parameters,
            Failure = row is null ? RpcFailure.MethodNotFound : null,
        };
    }

    private static string? FindFault(JsonElement version, JsonElement method, JsonElement parameters)
    {
        if (version.ValueKind != JsonValueKind.String || !version.ValueEquals("2.0"u8))
        {
            return "jsonrpc is not \"2.0\"";
        }

        if (method.ValueKind != JsonValueKind.String)
        {
            return "method is not a string";
        }

        return parameters.ValueKind is JsonValueKind.Undefined or JsonValueKind.Object or JsonValueKind.Array
            ? null
            : "params is not an object or an array";
    }

    // A number must be an integer written as one, of any length: it is echoed as it stands.
    private static bool IsId(JsonElement id) => id.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.String => true,
        JsonValueKind.Number => !System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(id).ContainsAny(".eE"u8),
        _ => false,
    };

    private JsonElement FirstParam()
    {
        if (Params.ValueKind == JsonValueKind.Array)
        {
            return Params.GetArrayLength() > 0 ? Params[0] : default;
        }

        var name = Method!.Params[0].NameUtf8;
        return Params.ValueKind == JsonValueKind.Object && Params.TryGetProperty(name, out var value) ? value : default;
    }
}
