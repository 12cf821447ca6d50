using System.Diagnostics.Metrics;
using Kimura.Gateway.JsonRpc;

namespace Kimura.Gateway.Metrics;

/// <summary>What the gateway counts about itself. Labels come from the method table and the error table only.</summary>
internal sealed class GatewayInstruments
{
    /// <summary>The label of what is not in the method table.</summary>
    public const string UnknownMethod = "unknown";

    private readonly Counter<long> _requests;
    private readonly Counter<long> _submissions;
    private readonly Counter<long> _rateLimited;
    private readonly UpDownCounter<long> _inFlight;
    private readonly UpDownCounter<long> _sockets;
    private readonly UpDownCounter<long> _subscriptions;
    private readonly Counter<long> _notifications;
    private readonly Counter<long> _slow;
    private readonly Histogram<double> _duration;

    public GatewayInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Kimura.Gateway");
        _requests = meter.CreateCounter<long>(
            "kimura.gateway.requests", "{request}", "Calls by method and outcome; each call of a batch counts.");
        _submissions = meter.CreateCounter<long>("kimura.gateway.submissions", "{message}", "Submitted messages by outcome.");
        _rateLimited = meter.CreateCounter<long>("kimura.gateway.rate_limited", "{request}", "HTTP requests refused by a rate limit.");
        _inFlight = meter.CreateUpDownCounter<long>("kimura.gateway.requests.in_flight", "{request}", "HTTP requests being answered.");
        _sockets = meter.CreateUpDownCounter<long>("kimura.gateway.sockets", "{connection}", "Open WebSockets.");
        _subscriptions = meter.CreateUpDownCounter<long>("kimura.gateway.subscriptions", "{subscription}", "Subscriptions of open WebSockets.");
        _notifications = meter.CreateCounter<long>("kimura.gateway.notifications", "{notification}", "What subscribers were told.");
        _slow = meter.CreateCounter<long>("kimura.gateway.slow_subscriptions", "{subscription}", "Subscriptions ended for being too slow.");
        _duration = meter.CreateHistogram<double>("kimura.gateway.request.duration", "s", "Time to answer an HTTP request.");
    }

    public void RequestStarted() => _inFlight.Add(1);

    public void RequestEnded(string method, TimeSpan elapsed)
    {
        _inFlight.Add(-1);
        _duration.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("method", method));
    }

    /// <summary>One call ended; code 0 is success, no method is one that is not in the table.</summary>
    public void CallEnded(string? method, int code) => _requests.Add(
        1,
        new KeyValuePair<string, object?>("method", method ?? UnknownMethod),
        new KeyValuePair<string, object?>("code", RpcCodes.LabelOf(code)));

    /// <summary>One message was accepted (0) or refused.</summary>
    public void SubmissionEnded(int code) => _submissions.Add(1, new KeyValuePair<string, object?>("code", RpcCodes.LabelOf(code)));

    public void SocketOpened() => _sockets.Add(1);

    public void SocketClosed() => _sockets.Add(-1);

    public void SubscriptionStarted() => _subscriptions.Add(1);

    public void SubscriptionEnded() => _subscriptions.Add(-1);

    public void Notified() => _notifications.Add(1);

    public void SlowSubscriptionEnded() => _slow.Add(1);

    public void RateLimited() => _rateLimited.Add(1);
}
