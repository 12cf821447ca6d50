using System.Net.WebSockets;
using Kimura.Gateway.Http;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Metrics;
using Kimura.Gateway.Subscriptions;
using Microsoft.AspNetCore.Http;

namespace Kimura.Gateway.Sockets;

/// <summary>One WebSocket: reads a request, answers it, reads the next; subscriptions tell in between.</summary>
internal sealed class SocketSession(
    HttpContext context,
    WebSocket socket,
    SocketServices services,
    CancellationToken stopping) : IDisposable
{
    // A stop takes at most five seconds in all (protocol section 5).
    private static readonly TimeSpan CloseWithin = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
    private readonly SocketChannel _channel = new(socket, services.Options, services.Time, context.Abort);

    /// <summary>Serves until either side ends it.</summary>
    public async Task RunAsync()
    {
        var (status, reason) = (WebSocketCloseStatus.NormalClosure, "");
        await using (var subscriptions = new SubscriptionSet(services.Subscriptions, _channel, _ending.Token))
        {
            try
            {
                (status, reason) = await ServeAsync(subscriptions);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                (status, reason) = (WebSocketCloseStatus.EndpointUnavailable, "the node stops");
            }
            finally
            {
                await _ending.CancelAsync();
            }
        }

        await _channel.CloseAsync(status, reason, CloseWithin);
    }

    public void Dispose()
    {
        _ending.Dispose();
        _channel.Dispose();
    }

    private async Task<(WebSocketCloseStatus Status, string Reason)> ServeAsync(SubscriptionSet subscriptions)
    {
        while (true)
        {
            using var body = await RequestBody.ReadAsync(socket, services.Options.MaxRequestBytes, services.Budget, _ending.Token);
            if (body is null)
            {
                return (WebSocketCloseStatus.NormalClosure, "");
            }

            await AnswerAsync(body, subscriptions);
            if (body.Outcome == BodyOutcome.TooLarge)
            {
                return (WebSocketCloseStatus.MessageTooBig, $"at most {services.Options.MaxRequestBytes} bytes");
            }

            if (body.Outcome == BodyOutcome.OverBudget)
            {
                // The rest of it cannot be skipped at no cost.
                return (WebSocketCloseStatus.InternalServerError, "too much is being received; try again later");
            }
        }
    }

    private async Task AnswerAsync(RequestBody body, SubscriptionSet subscriptions)
    {
        using var response = new SocketJsonResponse(_channel, _ending.Token);
        var client = context.Connection.RemoteIpAddress;
        using var document = body.Outcome == BodyOutcome.Complete ? StrictJson.TryParse(body.Bytes, out var fault) : Nothing(out fault);
        var admitted = document is not null ? services.Admission.Admit(client, document.RootElement)
            : body.Outcome == BodyOutcome.Complete ? services.Admission.RefuseUnread(client, fault!)
            : services.Admission.RefuseBody(body.Outcome);
        if (admitted.Refusal is { } refusal)
        {
            services.Instruments.CallEnded(admitted.Asked.Method?.Name, refusal.Code);
            if (refusal.Code == RpcCodes.RateLimited)
            {
                services.Instruments.RateLimited();
            }

            CallRunner.WriteFailure(response, admitted.Asked, refusal);
        }
        else
        {
            await services.Runner.RunAsync(admitted, response, subscriptions);
        }

        if (!response.IsEmpty)
        {
            await response.CompleteAsync();
        }

        subscriptions.Start();
    }

    private static System.Text.Json.JsonDocument? Nothing(out string? fault)
    {
        fault = null;
        return null;
    }
}

/// <summary>What every session stands on.</summary>
internal sealed record SocketServices(
    CallAdmission Admission,
    CallRunner Runner,
    SubscriptionServices Subscriptions,
    BodyBudget Budget,
    GatewayOptions Options,
    GatewayInstruments Instruments,
    TimeProvider Time);
