using System.Runtime.InteropServices;
using System.Text.Json;
using Kimura.Gateway.Http;
using Kimura.Gateway.Methods;
using Kimura.Gateway.Metrics;
using Kimura.Gateway.Submissions;
using Kimura.Gateway.Subscriptions;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.JsonRpc;

/// <summary>
/// Runs the calls of one request, in order, and writes their answers. Submissions that follow each other go to the node in one
/// call; everything else runs one after the other.
/// </summary>
internal sealed partial class CallRunner(
    NodeAccess node, GatewayOptions options, GatewayInstruments instruments, ILogger<CallRunner> logger)
{
    /// <summary>Runs what was admitted; on a WebSocket with the subscriptions that its calls may change.</summary>
    public ValueTask RunAsync(Admission admitted, JsonResponse response, SubscriptionSet? subscriptions = null) => admitted.IsBatch
        ? RunBatchAsync(admitted.Requests, response, subscriptions)
        : RunOneAsync(admitted.Requests[0], response, subscriptions);

    /// <summary>Writes an answer that is an error.</summary>
    public static void WriteFailure(JsonResponse response, RpcRequest request, RpcFailure failure)
    {
        WriteHead(response.Writer, request);
        response.Writer.WritePropertyName("error"u8);
        failure.Write(response.Writer);
        response.Writer.WriteEndObject();
    }

    private async ValueTask RunOneAsync(RpcRequest request, JsonResponse response, SubscriptionSet? subscriptions)
    {
        try
        {
            await RunAsync([request], isBatch: false, response, subscriptions);
        }
        catch (Exception fault) when (!response.HasStarted && !response.IsAborted)
        {
            // A result that failed while it was written, and of which nothing was sent.
            response.Clear();
            WriteFailure(response, request, Classify(fault, request.Method?.Name));
        }
    }

    private async ValueTask RunBatchAsync(RpcRequest[] requests, JsonResponse response, SubscriptionSet? subscriptions)
    {
        await RunAsync(requests, isBatch: true, response, subscriptions);
        if (!response.IsEmpty)
        {
            response.Writer.WriteEndArray();
        }
    }

    private async ValueTask RunAsync(RpcRequest[] requests, bool isBatch, JsonResponse response, SubscriptionSet? subscriptions)
    {
        SubmissionSet? set = null;
        try
        {
            for (var i = 0; i < requests.Length; i++)
            {
                var request = requests[i];
                if (request is { Failure: null, Method.Kind: CallKind.SubmitOne })
                {
                    set ??= NewSet();
                    set.Add(request.Params);
                    if (i + 1 < requests.Length && requests[i + 1] is { Failure: null, Method.Kind: CallKind.SubmitOne })
                    {
                        continue;
                    }

                    await SubmitAsync(requests.AsMemory(i + 1 - set.Count, set.Count), set, isBatch, response);
                    set.Clear();
                }
                else
                {
                    await CallAsync(request, isBatch, response, subscriptions);
                }
            }
        }
        finally
        {
            set?.Dispose();
        }
    }

    private async ValueTask SubmitAsync(ReadOnlyMemory<RpcRequest> requests, SubmissionSet set, bool isBatch, JsonResponse response)
    {
        var method = requests.Span[0].Method!.Name;
        LogIfAny(await set.SendAsync(node), method);
        set.ForEach((i, failure, id) =>
        {
            var request = requests.Span[i];
            instruments.CallEnded(method, failure?.Code ?? 0);
            instruments.SubmissionEnded(failure?.Code ?? 0);
            if (request.IsNotification)
            {
                return;
            }

            BeginAnswer(response, isBatch);
            if (failure is null)
            {
                WriteHead(response.Writer, request);
                response.Writer.WritePropertyName("result"u8);
                SubmissionSet.WriteAccepted(response.Writer, id);
                response.Writer.WriteEndObject();
            }
            else
            {
                WriteFailure(response, request, failure);
            }
        });
        await response.FlushIfLargeAsync();
    }

    private async ValueTask CallAsync(RpcRequest request, bool isBatch, JsonResponse response, SubscriptionSet? subscriptions)
    {
        var answer = request.Failure is { } refused ? RpcAnswer.Fail(refused) : await AnswerAsync(request, subscriptions);
        instruments.CallEnded(request.Method?.Name, answer.Failure?.Code ?? 0);
        if (request.IsNotification)
        {
            return;
        }

        BeginAnswer(response, isBatch);
        if (answer.Failure is { } failure)
        {
            WriteFailure(response, request, failure);
        }
        else
        {
            WriteHead(response.Writer, request);
            response.Writer.WritePropertyName("result"u8);
            await answer.Write!(response);
            response.Writer.WriteEndObject();
        }

        await response.FlushIfLargeAsync();
    }

    private async ValueTask<RpcAnswer> AnswerAsync(RpcRequest request, SubscriptionSet? subscriptions)
    {
        var method = request.Method!;
        if (method.Kind == CallKind.Socket && (subscriptions is null || request.IsNotification))
        {
            // Nobody would learn the id of what a notification subscribes to.
            return RpcAnswer.Fail(RpcFailure.MethodNotFound);
        }

        var arguments = new JsonElement[method.Params.Length];
        if (ParamBinder.Bind(method.Params, request.Params, arguments) is { } fault)
        {
            return RpcAnswer.Fail(fault);
        }

        try
        {
            return method.Kind switch
            {
                CallKind.SubmitMany => await SubmitManyAsync(arguments[0], method.Name),
                CallKind.Socket => await method.SocketHandler!(subscriptions!, arguments),
                _ => await method.Handler(arguments),
            };
        }
        catch (Exception failed)
        {
            return RpcAnswer.Fail(Classify(failed, method.Name));
        }
    }

    private async ValueTask<RpcAnswer> SubmitManyAsync(JsonElement messages, string method)
    {
        var set = NewSet();
        try
        {
            foreach (var message in messages.EnumerateArray())
            {
                if (message.ValueKind == JsonValueKind.Object)
                {
                    set.Add(message);
                }
                else
                {
                    set.AddRefused(RpcFailure.InvalidParam($"messages[{set.Count}]", "not an object"));
                }
            }

            LogIfAny(await set.SendAsync(node), method);
        }
        finally
        {
            // The answers need none of the buffers that go back to the pool.
            set.Dispose();
        }

        return RpcAnswer.Of(writer => WriteMany(writer, set));
    }

    private void WriteMany(Utf8JsonWriter writer, SubmissionSet set)
    {
        writer.WriteStartArray();
        set.ForEach((_, failure, id) =>
        {
            instruments.SubmissionEnded(failure?.Code ?? 0);
            if (failure is null)
            {
                SubmissionSet.WriteAccepted(writer, id);
                return;
            }

            writer.WriteStartObject();
            writer.WritePropertyName("error"u8);
            failure.Write(writer);
            writer.WriteEndObject();
        });
        writer.WriteEndArray();
    }

    private SubmissionSet NewSet() => new(SubmissionParams.All, options.MaxContent);

    private RpcFailure Classify(Exception fault, string? method)
    {
        var failure = FailureClassifier.Classify(fault);
        if (failure.Code == RpcCodes.Unavailable)
        {
            LogUnavailable(method ?? GatewayInstruments.UnknownMethod, fault.Message);
        }
        else
        {
            LogFailed(fault, method ?? GatewayInstruments.UnknownMethod);
        }

        return failure;
    }

    private void LogIfAny(Exception? fault, string method)
    {
        if (fault is not null)
        {
            Classify(fault, method);
        }
    }

    private static void BeginAnswer(JsonResponse response, bool isBatch)
    {
        if (isBatch && response.IsEmpty)
        {
            response.Writer.WriteStartArray();
        }
    }

    private static void WriteHead(Utf8JsonWriter writer, RpcRequest request)
    {
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WritePropertyName("id"u8);
        if (request.Id.ValueKind == JsonValueKind.Undefined)
        {
            writer.WriteNullValue();
        }
        else
        {
            writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(request.Id), skipInputValidation: true);
        }
    }
}
