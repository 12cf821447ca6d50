namespace Kimura.Libp2p;

/// <summary>What went wrong between two peers. It ends a stream or a connection, never the host.</summary>
public sealed class Libp2pException : IOException
{
    /// <summary>Makes the exception.</summary>
    public Libp2pException(Libp2pFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>The kind of failure.</summary>
    public Libp2pFailure Failure { get; }
}

/// <summary>Kinds of failure.</summary>
public enum Libp2pFailure
{
    /// <summary>Not said.</summary>
    Unspecified,

    /// <summary>The connection ended.</summary>
    ConnectionClosed,

    /// <summary>The stream was reset by the other side, or by this one.</summary>
    StreamReset,

    /// <summary>The other side does not speak the protocol.</summary>
    ProtocolNotSupported,

    /// <summary>The other side broke a protocol's rules.</summary>
    ProtocolViolation,

    /// <summary>The other side is not who was dialled, or cannot prove who it is.</summary>
    IdentityMismatch,

    /// <summary>Something announced is larger than allowed, or there is too much of it.</summary>
    LimitExceeded,

    /// <summary>It took too long.</summary>
    TimedOut,

    /// <summary>No connection to the peer, or no address of it answers.</summary>
    NotReachable,
}
