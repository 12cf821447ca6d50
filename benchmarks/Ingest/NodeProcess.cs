using System.Diagnostics;
using System.Net;

namespace Kimura.Benchmarks.Ingest;

/// <summary>The real node in its own process.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    // USER_HZ: the kernel shows processor times in hundredths of a second on every architecture.
    private const double TicksPerSecond = 100;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly TaskCompletionSource<IPEndPoint> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> _log = new();

    private NodeProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => OnOutput(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLog(line.Data);
        _process.Exited += (_, _) => _ready.TrySetException(new BenchmarkException($"bench: the node ended: {LastLog()}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The node's program, of the same engine and configuration as the benchmark.</summary>
    public static string Program { get; } = Path.Combine(
        RepositoryFolder.Root, "src", "Silo", Path.GetRelativePath(Path.Combine(RepositoryFolder.Root, "benchmarks"), AppContext.BaseDirectory), "Kimura.Silo.dll");

    /// <summary>Where its gateway answers.</summary>
    public IPEndPoint Address => _ready.Task.Result;

    /// <summary>Where other nodes reach it.</summary>
    public string NetworkAddress { get; private set; } = "";

    /// <summary>Each line of its log, as it comes.</summary>
    public Action<string>? OnLogged { get; set; }

    /// <summary>User and system time it has taken so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return TimeSpan.FromSeconds((long.Parse(fields[11]) + long.Parse(fields[12])) / TicksPerSecond);
        }
    }

    /// <summary>The most memory it ever held, in MiB.</summary>
    public long PeakMegabytes => Memory("VmHWM:");

    /// <summary>The memory it holds now, in MiB.</summary>
    public long ResidentMegabytes => Memory("VmRSS:");

    public static Task<NodeProcess> StartLeaderAsync(string folder, IEnumerable<string> options) => StartAsync(folder, ["--leader", .. options]);

    public static Task<NodeProcess> StartPeerAsync(string folder, NodeProcess of, IEnumerable<string> options) =>
        StartAsync(folder, ["--leader-address", of.NetworkAddress, .. options]);

    private static async Task<NodeProcess> StartAsync(string folder, IEnumerable<string> options)
    {
        if (!File.Exists(Program))
        {
            throw new BenchmarkException("bench: the node is not built: python3 blockchain.py build --mode release");
        }

        string[] arguments =
        [
            Program, "--rate-limit", "0", "--rpc-port", "0", "--listen-addr", "/ip4/127.0.0.1/tcp/0", "--chain-id", Workload.ChainId,
            "--db-path", folder, .. options,
        ];
        var node = new NodeProcess(new ProcessStartInfo("dotnet", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true });
        try
        {
            await node._ready.Task.WaitAsync(StartLimit);
            return node;
        }
        catch (TimeoutException)
        {
            await node.DisposeAsync();
            throw new BenchmarkException($"bench: the node was not ready in {StartLimit.TotalSeconds} s: {node.LastLog()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
            {
                await kill.WaitForExitAsync();
            }

            using var limit = new CancellationTokenSource(StopLimit);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }

    private long Memory(string field) => long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;

    private void OnOutput(string? line)
    {
        const string Mark = "JSON-RPC at ";
        if (line is not null && line.StartsWith('/'))
        {
            NetworkAddress = line.Trim();
        }

        if (line is not null && line.Contains("ready", StringComparison.Ordinal) && line.IndexOf(Mark, StringComparison.Ordinal) is var at and >= 0)
        {
            _ready.TrySetResult(IPEndPoint.Parse(new Uri(line[(at + Mark.Length)..].Trim()).Authority));
        }
    }

    private void OnLog(string? line)
    {
        if (line is not null)
        {
            OnLogged?.Invoke(line);
        }

        lock (_log)
        {
            _log.Enqueue(line ?? "");
            while (_log.Count > 20)
            {
                _log.Dequeue();
            }
        }
    }

    private string LastLog()
    {
        lock (_log)
        {
            return string.Join('\n', _log).Trim();
        }
    }
}
