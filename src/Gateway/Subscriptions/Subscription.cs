using System.Net.WebSockets;
using Kimura.Gateway.Http;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Sockets;

namespace Kimura.Gateway.Subscriptions;

/// <summary>
/// One client's wish to be told of blocks or messages. It keeps no queue, only the height that comes next: what a slow client has not
/// taken stays in the store, so nothing is lost and nothing piles up. One that had caught up with the tip and falls far behind is told
/// so, and where to go on, and ends.
/// </summary>
internal sealed partial class Subscription(
    string id,
    SubscriptionRequest request,
    SubscriptionServices services,
    SocketChannel channel)
{
    private ulong _next = request.FromHeight;

    /// <summary>Tells until it is cancelled, the connection fails, or it has to end.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            var failure = await TellAsync(cancellation);
            await SendAsync("error", response => WriteFailure(response, failure), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Unsubscribed, or the connection ends.
        }
        catch (Exception fault) when (IsGone(fault))
        {
            LogGone(fault.Message);
        }
        catch (Exception fault)
        {
            LogFailed(fault, _next);
        }
    }

    private static ValueTask WriteFailure(JsonResponse response, RpcFailure failure)
    {
        failure.Write(response.Writer);
        return ValueTask.CompletedTask;
    }

    private bool IsGone(Exception fault) => fault is SlowClientException or WebSocketException || channel.IsAborted;

    // The failure that it ends with.
    private async Task<RpcFailure> TellAsync(CancellationToken cancellation)
    {
        var isCaughtUp = request.StartsAtTip;
        while (true)
        {
            var tip = await services.Tip.ReachAsync(_next, cancellation);
            if (isCaughtUp && tip - _next >= (ulong)services.Options.MaxLag)
            {
                services.Instruments.SlowSubscriptionEnded();
                return RpcFailure.TooSlow(_next);
            }

            try
            {
                await TellOfAsync(await services.Blocks.GetAsync(_next, tip), tip, cancellation);
            }
            catch (Exception fault) when (fault is not OperationCanceledException && !IsGone(fault))
            {
                LogFailed(fault, _next);
                return FailureClassifier.Classify(fault);
            }

            isCaughtUp |= _next == tip;
            _next++;
        }
    }

    private async Task TellOfAsync(FeedBlock block, ulong tip, CancellationToken cancellation)
    {
        if (!request.IsForMessages)
        {
            await NotifyAsync(
                response =>
                {
                    if (block.Json.IsEmpty)
                    {
                        return block.View.WriteAsync(response, writeMessages: null);
                    }

                    response.Writer.WriteRawValue(block.Json.Span, skipInputValidation: true);
                    return ValueTask.CompletedTask;
                },
                cancellation);
            return;
        }

        var messages = block.View.Count == 0 ? [] : await services.Blocks.GetMessagesAsync(block, tip);
        for (var i = 0; i < block.View.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var message = messages is { } all ? all[i] : await services.Blocks.GetMessageAsync(block.View, i);
            if (request.Sender is null || request.Sender == message.Sender)
            {
                await NotifyAsync(
                    response =>
                    {
                        response.Writer.WriteRawValue(message.Json.Span, skipInputValidation: true);
                        return ValueTask.CompletedTask;
                    },
                    cancellation);
            }
        }
    }

    private Task NotifyAsync(Func<JsonResponse, ValueTask> write, CancellationToken cancellation)
    {
        services.Instruments.Notified();
        return SendAsync("result", write, cancellation);
    }

    private async Task SendAsync(string member, Func<JsonResponse, ValueTask> write, CancellationToken cancellation)
    {
        using var response = new SocketJsonResponse(channel, cancellation);
        var writer = response.Writer;
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WriteString("method"u8, "subscription"u8);
        writer.WriteStartObject("params"u8);
        writer.WriteString("subscription"u8, id);
        writer.WritePropertyName(member);
        await write(response);
        writer.WriteEndObject();
        writer.WriteEndObject();
        await response.CompleteAsync();
    }
}
