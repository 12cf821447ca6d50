using System.Net;
using Kimura.Chain;
using Kimura.Libp2p.Addressing;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;

namespace Kimura.Silo.Configuration;

/// <summary>How a node runs: read once, checked at the start.</summary>
public sealed record NodeConfiguration
{
    /// <summary>Makes blocks.</summary>
    public bool IsLeader { get; init; } = true;

    /// <summary>Time between blocks; default 5 s.</summary>
    public TimeSpan BlockInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The data directory.</summary>
    public string DbPath { get; init; } = "data";

    /// <summary>Where the node listens for others; port 0 takes a free one.</summary>
    public Multiaddress Listen { get; init; } = Multiaddress.Tcp(IPAddress.Loopback, 9000);

    /// <summary>The nodes to stay connected to.</summary>
    public IReadOnlyList<Multiaddress> LeaderAddresses { get; init; } = [];

    /// <summary>Fetches messages with their blocks; otherwise when somebody asks.</summary>
    public bool WithBodies { get; init; } = true;

    /// <summary>
    /// Whose blocks count from which height on; empty for a leader that has always had its own key, and for a peer that pins what the
    /// first node that it dials says.
    /// </summary>
    public IReadOnlyList<(ulong From, PublicKey Key)> LeaderKeys { get; init; } = [];

    /// <summary>Address of the gateway; default loopback.</summary>
    public IPAddress RpcHost { get; init; } = IPAddress.Loopback;

    /// <summary>Port of the gateway; 0 takes a free one.</summary>
    public int RpcPort { get; init; } = 8545;

    /// <summary>The leader's key file; null for <c>leader.key</c> in the data directory, made where absent.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The chain's id and limits.</summary>
    public ChainParameters Chain { get; init; } = new();

    /// <summary>How much is checked at the start; default headers.</summary>
    public VerifyMode Verify { get; init; } = VerifyMode.Headers;

    /// <summary>Bytes a second that the scrub reads; 0 = off; default 1 MiB.</summary>
    public long ScrubRate { get; init; } = 1 << 20;

    /// <summary>Requests a second for one client address; 0 = off.</summary>
    public int RateLimit { get; init; } = 2_000;

    /// <summary>The most pending messages.</summary>
    public int PendingLimit { get; init; } = 200_000;

    /// <summary>The most bytes of pending messages.</summary>
    public long PendingBytesLimit { get; init; } = 256L << 20;

    /// <summary>Bytes that are left free on the disk; below that nothing is taken, made or stored. 0: none; null: 256 MiB, or a twentieth of a file system below 5 GiB.</summary>
    public long? DiskReserve { get; init; }

    /// <summary>The most pending messages of one sender.</summary>
    public int PendingSenderLimit { get; init; } = 10_000;

    /// <summary>The most bytes of a request body.</summary>
    public int MaxRequestBytes { get; init; } = 16 << 20;

    /// <summary>The most calls in a batch.</summary>
    public int MaxBatchCalls { get; init; } = 1_000;

    /// <summary>Origins of browser pages that may call.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = ["*"];

    /// <summary>Goes on although signed blocks are lost.</summary>
    public bool AcceptLostBlocks { get; init; }

    /// <summary>The database that the silos of a cluster share; null where this node runs alone.</summary>
    public ClusterDatabase? ClusterDb { get; init; }

    /// <summary>The cluster's name: the same on all its silos.</summary>
    public string ClusterId { get; init; } = "kimura";

    /// <summary>The silo's name in the cluster: another on each.</summary>
    public string SiloName { get; init; } = "Silo_0";

    /// <summary>Where the silo is reached, on the Orleans engine.</summary>
    public SiloLinks Silo { get; init; } = new();

    /// <summary>Where backups are made; null: no backups are made.</summary>
    public string? BackupDirectory { get; init; }

    /// <summary>Time from one backup to the next; default 24 h.</summary>
    public TimeSpan BackupInterval { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How many backups are kept; default 7.</summary>
    public int BackupKeep { get; init; } = 7;

    /// <summary>Where RocksDB keeps its files.</summary>
    public string DatabaseDirectory => Path.Combine(DbPath, "rocksdb");

    /// <summary>The key file in use.</summary>
    public string KeyPath => KeyFile ?? Path.Combine(DbPath, "leader.key");

    /// <summary>The key of the node's name in the network.</summary>
    public string PeerKeyPath => Path.Combine(DbPath, "peer.key");

    /// <summary>The leader key that was pinned.</summary>
    public string PinPath => Path.Combine(DbPath, "leader.pin");

    /// <summary>The sign guard's file.</summary>
    public string GuardPath => KeyPath + ".guard";
}
