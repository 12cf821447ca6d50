using System.Net;
using System.Runtime.InteropServices;

namespace Kimura.Gateway.RateLimiting;

/// <summary>What became of a charge.</summary>
internal enum ChargeOutcome
{
    Unspecified = 0,
    Granted,

    /// <summary>Not now: try again.</summary>
    Exceeded,

    /// <summary>Never: it costs more than a full burst.</summary>
    OverBurst,
}

/// <summary>The outcome, and for <see cref="ChargeOutcome.Exceeded"/> when there will be enough.</summary>
internal readonly record struct Charge(ChargeOutcome Outcome, int RetryAfterMilliseconds = 0);

/// <summary>
/// A token bucket a client address: filled at the configured rate, holding twice that, taken from all or nothing. The framework's limiters read the machine's clock and keep as many partitions as there are
/// callers; this one takes the injected clock, and its table is bounded: a full bucket is the same as none, so those are forgotten
/// first, and clients beyond the bound share one bucket.
/// </summary>
internal sealed class ClientRateLimiter(GatewayOptions options, TimeProvider time)
{
    /// <summary>The most clients that have a bucket of their own.</summary>
    public const int MaxClients = 65_536;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, Bucket> _buckets = [];
    private Bucket _shared = new(options.Burst, time.GetTimestamp());
    private long _sweptAt = time.GetTimestamp();

    /// <summary>Clients that have a bucket now.</summary>
    public int Clients
    {
        get
        {
            lock (_lock)
            {
                return _buckets.Count;
            }
        }
    }

    /// <summary>Takes <paramref name="cost"/> calls from the client's allowance, or nothing.</summary>
    public Charge Take(IPAddress? client, int cost)
    {
        if (options.RateLimit == 0)
        {
            return new Charge(ChargeOutcome.Granted);
        }

        if (cost > options.Burst)
        {
            return new Charge(ChargeOutcome.OverBurst);
        }

        lock (_lock)
        {
            ref var bucket = ref BucketOf(client);
            Refill(ref bucket);
            if (bucket.Tokens < cost)
            {
                return new Charge(ChargeOutcome.Exceeded, Wait(cost - bucket.Tokens));
            }

            bucket.Tokens -= cost;
            return new Charge(ChargeOutcome.Granted);
        }
    }

    /// <summary>Milliseconds until the client may make one call; null if it may now.</summary>
    public int? RetryAfter(IPAddress? client)
    {
        if (options.RateLimit == 0)
        {
            return null;
        }

        lock (_lock)
        {
            ref var bucket = ref BucketOf(client);
            Refill(ref bucket);
            return bucket.Tokens >= 1 ? null : Wait(1 - bucket.Tokens);
        }
    }

    private ref Bucket BucketOf(IPAddress? client)
    {
        var key = ClientKey.Of(client);
        ref var known = ref CollectionsMarshal.GetValueRefOrNullRef(_buckets, key);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref known))
        {
            return ref known;
        }

        if (_buckets.Count >= MaxClients)
        {
            Sweep();
            if (_buckets.Count >= MaxClients)
            {
                return ref _shared;
            }
        }

        ref var bucket = ref CollectionsMarshal.GetValueRefOrAddDefault(_buckets, key, out _);
        bucket = new Bucket(options.Burst, time.GetTimestamp());
        return ref bucket;
    }

    private void Sweep()
    {
        if (time.GetElapsedTime(_sweptAt) < SweepEvery)
        {
            return;
        }

        _sweptAt = time.GetTimestamp();
        foreach (var (key, value) in _buckets)
        {
            var bucket = value;
            Refill(ref bucket);
            if (bucket.Tokens >= options.Burst)
            {
                _buckets.Remove(key);
            }
        }
    }

    private void Refill(ref Bucket bucket)
    {
        var now = time.GetTimestamp();
        var seconds = time.GetElapsedTime(bucket.FilledAt, now).TotalSeconds;
        bucket.Tokens = Math.Min(options.Burst, bucket.Tokens + (seconds * options.RateLimit));
        bucket.FilledAt = now;
    }

    private int Wait(double missing) => Math.Max(1, (int)Math.Ceiling(missing * 1000 / options.RateLimit));

    private record struct Bucket(double Tokens, long FilledAt);
}
