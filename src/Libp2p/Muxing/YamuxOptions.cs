namespace Kimura.Libp2p.Muxing;

/// <summary>Limits of a multiplexed connection.</summary>
internal sealed record YamuxOptions
{
    /// <summary>What each direction of a stream starts with; the specification's, not ours to change.</summary>
    public const int InitialWindow = 256 * 1024;

    /// <summary>Most that a stream's receive window grows to.</summary>
    public int MaxWindow { get; init; } = 16 * 1024 * 1024;

    /// <summary>Most bytes unread in all streams together; a connection with more ends.</summary>
    public int MaxBuffered { get; init; } = 16 * 1024 * 1024;

    /// <summary>Most streams that the other side may have open; more are reset.</summary>
    public int MaxInboundStreams { get; init; } = 256;

    /// <summary>Most streams opened here that the other side has not acknowledged.</summary>
    public int MaxUnacknowledged { get; init; } = 256;

    /// <summary>Most bytes of a data frame that is sent.</summary>
    public int MaxFrame { get; init; } = 32 * 1024;

    /// <summary>Most pings, and most streams opened or reset, that the other side may send in one <see cref="Beat"/>.</summary>
    public int MaxPingsPerBeat { get; init; } = 64;

    /// <summary>See <see cref="MaxPingsPerBeat"/>.</summary>
    public int MaxOpensPerBeat { get; init; } = 5000;

    /// <summary>How often the session looks after itself.</summary>
    public TimeSpan Beat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between pings of our own.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A ping without an answer, or a write without progress, for this long ends the session.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(10);
}
