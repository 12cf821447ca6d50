namespace Kimura.Silo.Configuration;

/// <summary>One option: <c>--name</c>, the key in a configuration file, <c>KIMURA_KEY</c> in the environment.</summary>
internal sealed record OptionSpec(string Name, string? Placeholder, string Help, bool IsRepeatable = false, string? FileKey = null)
{
    public string Key => FileKey ?? Name.Replace('-', '_');

    public bool IsFlag => Placeholder is null;

    public string Flag => $"--{Name}";

    public string Variable => $"KIMURA_{Name.Replace('-', '_').ToUpperInvariant()}";
}

/// <summary>Every option of the node (protocol section 8).</summary>
internal static class OptionTable
{
    public const string Config = "config";
    public const string Leader = "leader";
    public const string TestMode = "test-mode";
    public const string BlockInterval = "block-interval-ms";
    public const string DbPath = "db-path";
    public const string ListenAddr = "listen-addr";
    public const string LeaderAddress = "leader-address";
    public const string LeaderKey = "leader-key";
    public const string RpcPort = "rpc-port";
    public const string RpcHost = "rpc-host";
    public const string KeyFile = "key-file";
    public const string ChainId = "chain-id";
    public const string Bodies = "bodies";
    public const string Verify = "verify";
    public const string ScrubRate = "scrub-rate";
    public const string RateLimit = "rate-limit";
    public const string PendingLimit = "pending-limit";
    public const string PendingBytesLimit = "pending-bytes-limit";
    public const string PendingSenderLimit = "pending-sender-limit";
    public const string MaxContent = "max-content";
    public const string MaxRequestBytes = "max-request-bytes";
    public const string MaxBatchCalls = "max-batch-calls";
    public const string CorsOrigin = "cors-origin";
    public const string DiskReserve = "disk-reserve";
    public const string AcceptLostBlocks = "accept-lost-blocks";
    public const string ClusterDb = "cluster-db";
    public const string ClusterId = "cluster-id";
    public const string SiloName = "silo-name";
    public const string SiloAddress = "silo-address";
    public const string SiloPort = "silo-port";
    public const string SiloGatewayPort = "silo-gateway-port";
    public const string SiloProbe = "silo-probe-ms";
    public const string BackupDirectory = "backup-dir";
    public const string BackupInterval = "backup-interval-hours";
    public const string BackupKeep = "backup-keep";

    public static IReadOnlyList<OptionSpec> All { get; } =
    [
        new(Config, "FILE", "read options from this JSON file; the command line and the environment win over it"),
        new(Leader, null, "make blocks (the leader flag); the default where no --leader-address is given", FileKey: "is_leader"),
        new(TestMode, null, "a block every 100 ms"),
        new(BlockInterval, "N", "milliseconds between blocks, 10 to 3,600,000 (default 5000)"),
        new(DbPath, "DIR", "the data directory (default ./data)"),
        new(ListenAddr, "MULTIADDR", "where to listen for other nodes, port 0 for any free one (default /ip4/127.0.0.1/tcp/9000)"),
        new(LeaderAddress, "MULTIADDR", "a node to stay connected to", IsRepeatable: true),
        new(LeaderKey, "HEX[@HEIGHT]", "whose blocks count, from that height on (default on a peer: what the first node that it dials says, kept from then on)", IsRepeatable: true),
        new(RpcPort, "N", "port of the JSON-RPC gateway, 0 for any free one (default 8545)"),
        new(RpcHost, "ADDRESS", "address of the JSON-RPC gateway (default 127.0.0.1)"),
        new(KeyFile, "FILE", "the leader's private key (default leader.key in the data directory, made on the first start)"),
        new(ChainId, "S", "the chain's id, 1 to 64 of a-z, 0-9 and '-' (default: none)"),
        new(Bodies, "full|on-demand", "fetch messages with their blocks, or when somebody asks (default full)"),
        new(Verify, "headers|full|tip", "how much of the chain is checked at the start (default headers)"),
        new(ScrubRate, "N", "bytes a second that are read to look for damage in what is stored, 0 = off (default 1048576)"),
        new(RateLimit, "N", "requests a second for one client address, with bursts of twice that; 0 = off (default 2000)"),
        new(PendingLimit, "N", "messages that may be pending (default 200000)"),
        new(PendingBytesLimit, "N", "bytes of messages that may be pending (default 268435456)"),
        new(PendingSenderLimit, "N", "messages of one sender that may be pending (default 10000)"),
        new(MaxContent, "N", "bytes of content a message may have, at most 65536 (default 65536)"),
        new(MaxRequestBytes, "N", "bytes of a request body (default 16777216)"),
        new(MaxBatchCalls, "N", "calls in a JSON-RPC batch (default 1000)"),
        new(CorsOrigin, "ORIGIN", "origin of browser pages that may call (default *)", IsRepeatable: true),
        new(DiskReserve, "N", "bytes that are left free on the disk: below that nothing is taken until there is room again; 0 = off (default 268435456, or 5 % of a disk below 5 GiB)"),
        new(AcceptLostBlocks, null, "go on although this key has signed blocks that the database does not hold"),
        new(ClusterDb, "CONNECTION", "the PostgreSQL database that the silos of a cluster share, such as Host=db;Database=kimura;Username=kimura; better in a file or in the environment than here, where others can read its password"),
        new(ClusterId, "ID", "the cluster's name, the same on all its silos (default kimura)"),
        new(SiloName, "NAME", "this silo's name, another on each (default Silo_0)"),
        new(SiloAddress, "ADDRESS", "address at which other silos, and programs that call grains, reach this one (default 127.0.0.1; Orleans engine only)"),
        new(SiloPort, "N", "port for other silos, 0 for any free one (default 11111; Orleans engine only)"),
        new(SiloProbe, "N", "milliseconds between the probes of silos, about three of which declare one dead, 100 to 60,000 (default 400; Orleans engine only)"),
        new(SiloGatewayPort, "N", "port for programs that call grains, 0 for any free one (default 30000; Orleans engine only)"),
        new(BackupDirectory, "DIR", "make backups of the database in this directory (default: none are made)"),
        new(BackupInterval, "N", "hours from one backup to the next, 1 to 8,760 (default 24)"),
        new(BackupKeep, "N", "backups that are kept, 1 to 10,000 (default 7)"),
    ];
}
