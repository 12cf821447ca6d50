namespace Kimura.Benchmarks;

/// <summary>What to measure, and with how much.</summary>
internal sealed record BenchmarkOptions
{
    public const string Usage = """
        usage: bench [micro|ingest|network|sockets|backup|cluster|all] [options]        (default: all, which leaves cluster out: it needs PostgreSQL)

          micro    BLAKE3, parsing a key and verifying a signature, committing a block to RocksDB
          ingest   a real node under a load of signed messages over HTTP
          network  a leader and peers: how fast a block gets round, how fast a peer catches up
          cluster  three silos on one PostgreSQL: messages a second beside pgbench's commits
          sockets  1,000 idle and 100 active WebSocket clients: memory, and how late they have a block
          backup   a backup of a loaded node: what it takes, and what it does to the time between blocks

          --messages N            messages in batches (default 200000)
          --singles N             messages one a call (default 60000)
          --batch N               messages a batch (default 100)
          --connections N         connections with batches (default 8)
          --single-connections N  connections with single messages (default 64)
          --content N             bytes of content a message (default 256)
          --sync-blocks N         blocks of ten messages that a peer catches up with (default 20000)
          --db-path DIR           where the databases go; a real file system (default artifacts/bench in the repository)
          --date TEXT             a date for the report
          --report FILE           where the report goes (default benchmarks/results/<what>.md)
          --node-option TEXT      an option more for the node (repeatable)
        """;

    public string What { get; private set; } = "all";

    public int Messages { get; private set; } = 200_000;

    public int Singles { get; private set; } = 60_000;

    public int BatchSize { get; private set; } = 100;

    public int Connections { get; private set; } = 8;

    public int SingleConnections { get; private set; } = 64;

    public int ContentSize { get; private set; } = 256;

    public int SyncBlocks { get; private set; } = 20_000;

    public string? DataPath { get; private set; }

    public string? Date { get; private set; }

    public string? Report { get; private set; }

    public bool Help { get; private set; }

    public List<string> NodeOptions { get; } = [];

    public bool RunsMicro => What is "micro" or "all";

    public bool RunsIngest => What is "ingest" or "all";

    public bool RunsNetwork => What is "network" or "all";

    public bool RunsSockets => What is "sockets" or "all";

    public bool RunsBackups => What is "backup" or "all";

    public bool RunsCluster => What is "cluster";

    public string ReportPath => Report ?? Path.Combine(RepositoryFolder.Root, "benchmarks", "results", $"{What}.md");

    public static bool TryParse(string[] args, out BenchmarkOptions options, out string problem)
    {
        options = new BenchmarkOptions();
        problem = "";
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] is "micro" or "ingest" or "network" or "sockets" or "backup" or "cluster" or "all")
            {
                options.What = args[i];
            }
            else if (args[i] is "--help" or "-h")
            {
                options.Help = true;
            }
            else if (i + 1 == args.Length || !options.Set(args[i], args[++i]))
            {
                problem = $"bench: unknown option, or a value that does not fit: {string.Join(' ', args[Math.Min(i, args.Length - 1)..])}";
                return false;
            }
        }

        return true;
    }

    private bool Set(string name, string value)
    {
        switch (name)
        {
            case "--db-path":
                DataPath = value;
                return true;
            case "--date":
                Date = value;
                return true;
            case "--report":
                Report = value;
                return true;
            case "--node-option":
                NodeOptions.Add(value);
                return true;
            default:
                return int.TryParse(value, out var number) && number > 0 && SetNumber(name, number);
        }
    }

    private bool SetNumber(string name, int number)
    {
        switch (name)
        {
            case "--messages":
                Messages = number;
                return true;
            case "--singles":
                Singles = number;
                return true;
            case "--batch":
                BatchSize = number;
                return number <= 10_000;
            case "--connections":
                Connections = number;
                return number <= 1_000;
            case "--single-connections":
                SingleConnections = number;
                return number <= 1_000;
            case "--sync-blocks":
                SyncBlocks = number;
                return true;
            case "--content":
                ContentSize = number;
                return number <= 65_536;
            default:
                return false;
        }
    }
}
