using System.Text.Json;

namespace Kimura.Tests.Integration.Harness;

/// <summary>A JSON-RPC error.</summary>
internal sealed record RpcError(int Code, string Message, JsonElement? Data)
{
    public static RpcError Read(JsonElement error) => new(
        error.GetProperty("code").GetInt32(),
        error.GetProperty("message").GetString()!,
        error.TryGetProperty("data", out var data) ? data : null);
}

/// <summary>A JSON-RPC answer: one of the two, and the HTTP status it came with.</summary>
internal sealed record RpcReply(int Status, JsonElement? Result, RpcError? Error);

/// <summary>A call that was expected to succeed and was refused.</summary>
internal sealed class RpcRefusedException(string method, RpcError error) : Exception($"{method}: {error.Code} {error.Message} {error.Data}");
