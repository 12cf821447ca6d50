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

    /// <summary>Shared by the connections of a host, or null.</summary>
    public BufferBudget? Budget { get; init; }

    /// <summary>Most streams that the other side may have open; more are reset.</summary>
    public int MaxInboundStreams { get; init; } = 256;

    /// <summary>Most streams opened here that the other side has not acknowledged.</summary>
    public int MaxUnacknowledged { get; init; } = 256;

    /// <summary>Most bytes of a data frame that is sent.</summary>
    public int MaxFrame { get; init; } = 32 * 1024;

    /// <summary>Most pings that the other side may send in one <see cref="Beat"/>.</summary>
    public int MaxPingsPerBeat { get; init; } = 64;

    /// <summary>Most streams that the other side may open in one <see cref="Beat"/>: requests are a stream each.</summary>
    public int MaxOpensPerBeat { get; init; } = 20_000;

    /// <summary>Most streams that it may open beyond <see cref="MaxInboundStreams"/>, or reset, in one <see cref="Beat"/>.</summary>
    public int MaxFruitlessPerBeat { get; init; } = 2000;

    /// <summary>How often the session looks after itself.</summary>
    public TimeSpan Beat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between pings of our own.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A ping without an answer while nothing else comes either, or a write without progress, for this long ends the session. With the
    /// other times a connection that dies silently is noticed within 25 s.
    /// </summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long streams may go on after the other side's goodbye.</summary>
    public TimeSpan Goodbye { get; init; } = TimeSpan.FromSeconds(60);
}
