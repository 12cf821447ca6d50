using Kimura.Gateway.Http;
using Kimura.Gateway.JsonRpc;
using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.Rest;

/// <summary>Errors outside of JSON-RPC: a status code and <c>{error: {code, message, data?}}</c>.</summary>
internal static class RestError
{
    /// <summary>The HTTP status that goes with a code.</summary>
    public static int StatusOf(int code) => code switch
    {
        RpcCodes.InvalidParams => StatusCodes.Status400BadRequest,
        RpcCodes.NotFound or RpcCodes.MethodNotFound => StatusCodes.Status404NotFound,
        RpcCodes.RateLimited => StatusCodes.Status429TooManyRequests,
        RpcCodes.TooLarge => StatusCodes.Status413PayloadTooLarge,
        // Whatever the node cannot answer now, it may answer later.
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    /// <summary>Answers with the error.</summary>
    public static ValueTask WriteAsync(HttpJsonResponse response, RpcFailure failure, int status)
    {
        response.StatusCode = status;
        response.Writer.WriteStartObject();
        response.Writer.WritePropertyName("error"u8);
        failure.Write(response.Writer);
        response.Writer.WriteEndObject();
        return response.CompleteAsync();
    }
}
