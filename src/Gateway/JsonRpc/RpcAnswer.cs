using System.Text.Json;
using Kimura.Gateway.Http;

namespace Kimura.Gateway.JsonRpc;

/// <summary>What a method says: a failure, or a result that can write itself.</summary>
internal readonly record struct RpcAnswer
{
    private RpcAnswer(RpcFailure? failure, Func<JsonResponse, ValueTask>? write)
    {
        Failure = failure;
        Write = write;
    }

    /// <summary>The error; null if there is a result.</summary>
    public RpcFailure? Failure { get; }

    /// <summary>Writes the result as one JSON value.</summary>
    public Func<JsonResponse, ValueTask>? Write { get; }

    /// <summary>An error.</summary>
    public static RpcAnswer Fail(RpcFailure failure) => new(failure, write: null);

    /// <summary>A result of any size.</summary>
    public static RpcAnswer Stream(Func<JsonResponse, ValueTask> write) => new(failure: null, write);

    /// <summary>A small result.</summary>
    public static RpcAnswer Of(Action<Utf8JsonWriter> write) => new(failure: null, response =>
    {
        write(response.Writer);
        return ValueTask.CompletedTask;
    });
}
