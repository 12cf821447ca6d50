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

    // Subscriptions and calls end by the one; reading goes on until the client has heard of it, or the connection is cut by the other.
    private readonly CancellationTokenSource _ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
    private readonly CancellationTokenSource _reading = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
    private Task _answer = Task.CompletedTask;
    private readonly SocketChannel _channel = new(socket, services.Options, services.Time, context.Abort);

    /// <summary>Serves until either side ends it.</summary>
    public async Task RunAsync()
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stopping.Register(() => stop.TrySetResult());
        await using var subscriptions = new SubscriptionSet(services.Subscriptions, _channel, _ending.Token);
        var serving = ServeAsync(subscriptions);
        await Task.WhenAny(serving, stop.Task);
        await _ending.CancelAsync();
        if (serving.IsCompleted)
        {
            var (status, reason) = await serving;
            await _channel.CloseAsync(status, reason, CloseWithin);
            return;
        }

        // A call that is under way gets its answer, if it comes soon.
        await Task.WhenAny(_answer, Task.Delay(CloseWithin, services.Time));
        _reading.CancelAfter(CloseWithin);
        await _channel.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "the node stops", CloseWithin);
        await serving;
    }

    public void Dispose()
    {
        _reading.Dispose();
        _ending.Dispose();
        _channel.Dispose();
    }

    private async Task<(WebSocketCloseStatus Status, string Reason)> ServeAsync(SubscriptionSet subscriptions)
    {
        while (true)
        {
            using var body = await RequestBody.ReadAsync(socket, services.Options.MaxRequestBytes, services.Budget, _reading.Token);
            if (body is null)
            {
                return (WebSocketCloseStatus.NormalClosure, "");
            }

            _answer = AnswerAsync(body, subscriptions);
            await _answer;
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
        using var response = new SocketJsonResponse(_channel, _reading.Token);
        using var admitted = services.Admission.Admit(context.Connection.RemoteIpAddress, body);
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
