using Kimura.Libp2p.Identities;

namespace Kimura.Libp2p.Gossip;

/// <summary>Parameters of gossipsub v1.1 (libp2p/specs, pubsub/gossipsub); the names in brackets are the specification's.</summary>
public sealed record GossipOptions
{
    /// <summary>Peers in a topic's mesh that are aimed at [D]. Default 6.</summary>
    public int Mesh { get; init; } = 6;

    /// <summary>Fewest before more are taken [D_low]. Default 4.</summary>
    public int MeshLow { get; init; } = 4;

    /// <summary>Most before some are let go [D_high]. Default 12.</summary>
    public int MeshHigh { get; init; } = 12;

    /// <summary>Kept for their score when some are let go [D_score]. Default 4.</summary>
    public int MeshByScore { get; init; } = 4;

    /// <summary>Fewest that this host dialled [D_out]. Default 2.</summary>
    public int MeshOutbound { get; init; } = 2;

    /// <summary>Fewest peers outside the mesh that are told of messages [D_lazy]. Default 6.</summary>
    public int Lazy { get; init; } = 6;

    /// <summary>Part of the peers outside the mesh that are told. Default 0.25.</summary>
    public double LazyFactor { get; init; } = 0.25;

    /// <summary>Default 1 s.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Heartbeats for which messages can be asked for. Default 5.</summary>
    public int History { get; init; } = 5;

    /// <summary>Heartbeats for which peers are told of a message. Default 3.</summary>
    public int GossipWindows { get; init; } = 3;

    /// <summary>How long a message counts as seen. Default 120 s.</summary>
    public TimeSpan SeenFor { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Most messages remembered as seen; the oldest make room. Default 65,536.</summary>
    public int MaxSeen { get; init; } = 65_536;

    /// <summary>How long a pruned peer is not grafted again. Default 60 s.</summary>
    public TimeSpan PruneBackoff { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The same after leaving a topic. Default 10 s.</summary>
    public TimeSpan LeaveBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest backoff that a peer can ask for; more is cut. Default 10 min.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a peer has to send what it announced and was asked for. Default 3 s.</summary>
    public TimeSpan PromiseFor { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Most bytes of a message's data. Default 1 MiB less 1 KiB.</summary>
    public int MaxMessage { get; init; } = (1024 * 1024) - 1024;

    /// <summary>Most bytes of an RPC. Default 1 MiB, go-libp2p's limit.</summary>
    public int MaxRpc { get; init; } = 1024 * 1024;

    /// <summary>Most topics that a peer may be subscribed to. Default 64.</summary>
    public int MaxTopicsPerPeer { get; init; } = 64;

    /// <summary>Most message ids of a peer that are looked at between heartbeats. Default 5000.</summary>
    public int MaxIdsPerHeartbeat { get; init; } = 5000;

    /// <summary>Most IHAVE and most IWANT messages of a peer between heartbeats. Default 10.</summary>
    public int MaxControlPerHeartbeat { get; init; } = 10;

    /// <summary>How often a peer gets the same message when asking. Default 3.</summary>
    public int MaxRetransmissions { get; init; } = 3;

    /// <summary>Most messages being validated at once; more are ignored. Default 256.</summary>
    public int MaxValidations { get; init; } = 256;

    /// <summary>Most bytes of them. Default 32 MiB.</summary>
    public long MaxValidationBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>Of the messages being validated, most that one peer brought. Default 64.</summary>
    public int MaxValidationsPerPeer { get; init; } = 64;

    /// <summary>Most bytes of them. Default 8 MiB.</summary>
    public long MaxValidationBytesPerPeer { get; init; } = 8L * 1024 * 1024;

    /// <summary>A validator's token ends after so long. Default 60 s.</summary>
    public TimeSpan ValidationDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Most RPCs, subscriptions, messages and control messages of a peer a second for long, and five times as many at once; one with more
    /// is disconnected. Default 4000.
    /// </summary>
    public int MaxEntriesPerSecond { get; init; } = 4000;

    /// <summary>Most bytes of messages kept for those who ask. Default 64 MiB.</summary>
    public long MaxCacheBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Most bytes waiting to be sent to one peer; messages beyond are left out. Default 8 MiB.</summary>
    public int MaxQueue { get; init; } = 8 * 1024 * 1024;

    /// <summary>A peer that takes nothing for so long is disconnected. Default 10 s.</summary>
    public TimeSpan WriteDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Malformed RPCs after which a peer is disconnected. Default 3.</summary>
    public int MaxBadRpcs { get; init; } = 3;

    /// <summary>
    /// Told of a peer that sent a message beyond <see cref="MaxMessage"/>, which no validator sees. Called within the router's lock: it must
    /// not block, throw or call back. Default: none.
    /// </summary>
    public Action<PeerId>? Oversized { get; init; }

    /// <summary>Peer scoring.</summary>
    public ScoreOptions Score { get; init; } = new();
}
