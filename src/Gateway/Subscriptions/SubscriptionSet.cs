using System.Globalization;
using Kimura.Gateway.JsonRpc;
using Kimura.Gateway.Sockets;

namespace Kimura.Gateway.Subscriptions;

/// <summary>The subscriptions of one connection. Used by one call at a time.</summary>
internal sealed class SubscriptionSet(SubscriptionServices services, SocketChannel channel, CancellationToken connection) : IAsyncDisposable
{
    private readonly Dictionary<string, Running> _running = new(StringComparer.Ordinal);
    private readonly List<(string Id, SubscriptionRequest Request)> _asked = [];
    private long _lastId;

    /// <summary>Subscribes; it tells nothing before <see cref="Start"/>, so that the id is known before it is used.</summary>
    public async ValueTask<RpcAnswer> AddAsync(SubscriptionRequest request)
    {
        Forget();
        if (_running.Count + _asked.Count >= services.Options.MaxSubscriptions)
        {
            return RpcAnswer.Fail(RpcFailure.TooLarge(services.Options.MaxSubscriptions));
        }

        // A node without all messages cannot tell each of them once and in order (protocol section 6).
        if (request.IsForMessages && (await services.Node.Reader.GetStatusAsync()).LacksMessages)
        {
            return RpcAnswer.Fail(RpcFailure.Unavailable);
        }

        if (request.StartsAtTip)
        {
            request = request with { FromHeight = (await services.Node.Reader.GetTipAsync()).Height + 1 };
        }

        var id = (++_lastId).ToString(CultureInfo.InvariantCulture);
        _asked.Add((id, request));
        return RpcAnswer.Of(writer => writer.WriteStringValue(id));
    }

    /// <summary>Ends a subscription.</summary>
    public async ValueTask<RpcAnswer> RemoveAsync(string id)
    {
        if (_asked.RemoveAll(asked => asked.Id == id) == 0)
        {
            if (!_running.Remove(id, out var running))
            {
                return RpcAnswer.Fail(RpcFailure.NotFound);
            }

            await running.EndAsync();
            services.Instruments.SubscriptionEnded();
        }

        return RpcAnswer.Of(static writer => writer.WriteBooleanValue(value: true));
    }

    /// <summary>Begins what was subscribed to: its answers are sent.</summary>
    public void Start()
    {
        foreach (var (id, request) in _asked)
        {
            var ending = CancellationTokenSource.CreateLinkedTokenSource(connection);
            _running[id] = new Running(ending, new Subscription(id, request, services, channel).RunAsync(ending.Token));
            services.Instruments.SubscriptionStarted();
        }

        _asked.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var running in _running.Values)
        {
            await running.EndAsync();
            services.Instruments.SubscriptionEnded();
        }

        _running.Clear();
    }

    // Those that ended by themselves, and said so.
    private void Forget()
    {
        foreach (var (id, running) in _running.Where(pair => pair.Value.Done.IsCompleted).ToList())
        {
            _running.Remove(id);
            running.Ending.Dispose();
            services.Instruments.SubscriptionEnded();
        }
    }

    private sealed record Running(CancellationTokenSource Ending, Task Done)
    {
        public async Task EndAsync()
        {
            await Ending.CancelAsync();
            await Done;
            Ending.Dispose();
        }
    }
}
