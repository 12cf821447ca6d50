using System.Collections.Immutable;
using System.Net;
using Kimura.Chain;

namespace Kimura.Gateway;

/// <summary>How the gateway listens and what it lets a client do (protocol section 7). Every limit can be changed.</summary>
public sealed record GatewayOptions
{
    /// <summary>The origin that stands for any origin.</summary>
    public const string AnyOrigin = "*";

    /// <summary>Address to listen on; default loopback only.</summary>
    public IPAddress RpcHost { get; init; } = IPAddress.Loopback;

    /// <summary>TCP port; default 8545; 0 takes a free one.</summary>
    public int RpcPort { get; init; } = 8545;

    /// <summary>Calls a second for one client address, with bursts of twice that; default 2,000; 0 turns the limit off.</summary>
    public int RateLimit { get; init; } = 2000;

    /// <summary>The most bytes of a request body; default 16 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 16 << 20;

    /// <summary>The most bytes of request bodies held at one time, all clients together; default 256 MiB. Beyond it: -32005.</summary>
    public long MaxBufferedBytes { get; init; } = 256L << 20;

    /// <summary>The most calls in a batch; default 1,000.</summary>
    public int MaxBatchCalls { get; init; } = 1000;

    /// <summary>The most bytes of a message's content, as the chain has it; default 65,536.</summary>
    public int MaxContent { get; init; } = ChainParameters.ContentLimit;

    /// <summary>The most messages in one <c>submit_messages</c>; default 10,000.</summary>
    public int MaxMessagesPerCall { get; init; } = 10_000;

    /// <summary>The most connections at one time; default 10,000. One more is closed at once.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>The most WebSockets at one time; default 5,000.</summary>
    public int MaxSockets { get; init; } = 5000;

    /// <summary>The most WebSockets of one client address at one time; default 2,000.</summary>
    public int MaxSocketsPerClient { get; init; } = 2000;

    /// <summary>The most subscriptions of one WebSocket; default 16.</summary>
    public int MaxSubscriptions { get; init; } = 16;

    /// <summary>The most blocks that a subscription which had caught up may fall behind; default 1,000. Beyond it, it is told and ended.</summary>
    public int MaxLag { get; init; } = 1000;

    /// <summary>How long a WebSocket's client may take nothing of what is sent; default 30 s. Then the connection is cut.</summary>
    public TimeSpan SlowClientTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long what fails because a silo died or is not ready is tried again; default 0: not at all, a gateway in the silo's own process ends
    /// with it. A call that is under way may take its own time limit more.
    /// </summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.Zero;

    /// <summary>Origins of browser pages that may call; default any.</summary>
    public ImmutableArray<string> CorsOrigins { get; init; } = [AnyOrigin];

    /// <summary>Calls that may come at once from one client address: twice the rate.</summary>
    internal int Burst => 2 * RateLimit;

    /// <summary>The first option that cannot be, as its name and why; null if all can.</summary>
    public string? FindFault() => this switch
    {
        { RpcPort: < 0 or > 65_535 } => $"{nameof(RpcPort)} {RpcPort} is not a port (0 to 65535)",
        { RateLimit: < 0 or > 1_000_000_000 } => $"{nameof(RateLimit)} {RateLimit} is not 0 to 1,000,000,000",
        { MaxRequestBytes: < 1024 or > 1 << 30 } => $"{nameof(MaxRequestBytes)} {MaxRequestBytes} is not 1 KiB to 1 GiB",
        { MaxBatchCalls: < 1 or > 100_000 } => $"{nameof(MaxBatchCalls)} {MaxBatchCalls} is not 1 to 100,000",
        { MaxContent: < 0 or > ChainParameters.ContentLimit } =>
            $"{nameof(MaxContent)} {MaxContent} is not 0 to {ChainParameters.ContentLimit}",
        { MaxMessagesPerCall: < 1 or > 100_000 } => $"{nameof(MaxMessagesPerCall)} {MaxMessagesPerCall} is not 1 to 100,000",
        { MaxConnections: < 1 } => $"{nameof(MaxConnections)} {MaxConnections} is below 1",
        { MaxSockets: < 1 } => $"{nameof(MaxSockets)} {MaxSockets} is below 1",
        { MaxSocketsPerClient: < 1 } => $"{nameof(MaxSocketsPerClient)} {MaxSocketsPerClient} is below 1",
        { MaxSubscriptions: < 1 or > 1000 } => $"{nameof(MaxSubscriptions)} {MaxSubscriptions} is not 1 to 1,000",
        { MaxLag: < 1 } => $"{nameof(MaxLag)} {MaxLag} is below 1",
        _ when SlowClientTimeout <= TimeSpan.Zero => $"{nameof(SlowClientTimeout)} {SlowClientTimeout} is not above 0",
        _ when RetryFor < TimeSpan.Zero => $"{nameof(RetryFor)} {RetryFor} is below 0",
        _ when MaxBufferedBytes < MaxRequestBytes =>
            $"{nameof(MaxBufferedBytes)} {MaxBufferedBytes} is below {nameof(MaxRequestBytes)} {MaxRequestBytes}",
        _ when CorsOrigins.IsDefault || CorsOrigins.Any(string.IsNullOrWhiteSpace) => $"{nameof(CorsOrigins)} has an empty origin",
        _ => null,
    };
}
