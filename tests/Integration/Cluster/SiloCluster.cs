using System.Globalization;
using Kimura.Storage.Log;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Cluster;

/// <summary>Silo processes over one PostgreSQL database: two with the leader flag, and others without.</summary>
internal sealed class SiloCluster(TempDirectory folder, ClusterDatabase database) : IAsyncDisposable
{
    private const int LeaderFlagged = 2;
    private const int Expelled = 6;

    // On a machine that other work holds up for longer than the silos wait for each other, they would declare each other dead all the time.
    private static readonly string Probe = System.Environment.GetEnvironmentVariable("KIMURA_TESTS_SILO_PROBE_MS") ?? "400";

    private readonly NodeProcess?[] _silos = new NodeProcess?[3];

    /// <summary>What else finds the cluster is told this way, so that nobody reads a password in the list of processes.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string> { ["KIMURA_CLUSTER_DB"] = database.ConnectionString };

    /// <summary>Makes the tables as an operator does, twice: the second time changes nothing.</summary>
    public async Task MigrateAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            var ending = await ChildProcess.RunAsync("dotnet", [Repository.NodeProgram, "cluster", "migrate"], Limits.Start, Environment);
            Assert.True(ending.Code == 0, ending.ToString());
        }
    }

    /// <summary>Starts every silo, the first alone: it makes the leader's key, which the second gets a copy of.</summary>
    public async Task StartAsync()
    {
        await StartAsync(0);
        Directory.CreateDirectory(DataOf(1));
        File.Copy(Path.Combine(DataOf(0), "leader.key"), Path.Combine(DataOf(1), "leader.key"));
        await Task.WhenAll(StartAsync(1), StartAsync(2));
    }

    /// <summary>How often a silo was declared dead by the others although it lived: it ends itself, and is started again as a service manager does.</summary>
    public int Expulsions { get; private set; }

    /// <summary>Starts silos again that were expelled. Any other end is a failure.</summary>
    public async Task ReviveAsync()
    {
        for (var index = 0; index < _silos.Length; index++)
        {
            if (_silos[index] is { HasEnded: true })
            {
                await StartAsync(index);
            }
        }
    }

    /// <summary>Starts one silo, again if it ran before, and waits until it is ready.</summary>
    public async Task StartAsync(int index)
    {
        while (true)
        {
            if (_silos[index] is { } before)
            {
                var ending = await before.EndAsync();
                Assert.True(ending.Code == Expelled, $"Silo_{index} ended: {ending}");
                Expulsions++;
                await before.DisposeAsync();
            }

            if (await TryStartAsync(index))
            {
                return;
            }
        }
    }

    private async Task<bool> TryStartAsync(int index)
    {
        var node = NodeProcess.Launch(
            [
                "--test-mode", "--silo-probe-ms", Probe, "--db-path", DataOf(index), "--rpc-port", "0", "--silo-name", $"Silo_{index}",
                .. index < LeaderFlagged ? ["--leader"] : new[] { "--leader", "false" },
            ],
            Environment);
        _silos[index] = node;
        await node.Output.FindAsync(line => line.Contains("ready", StringComparison.Ordinal), Limits.Start);
        if (node.HasEnded)
        {
            return false;
        }

        await node.ReadyAsync();
        return true;
    }

    /// <summary>The silo that has produced the newest block.</summary>
    public int Leading => Enumerable.Range(0, LeaderFlagged).MaxBy(Produced);

    /// <summary>The newest block that a silo says it produced, since it started; 0 where none.</summary>
    public ulong Produced(int index) => _silos[index]?.Errors.Lines.LastOrDefault(line => line.Contains("Produced block", StringComparison.Ordinal)) is { } line
        ? ulong.Parse(line.Split("Produced block ")[1].Split(' ')[0], CultureInfo.InvariantCulture)
        : 0;

    /// <summary>Ends a silo as a crash does.</summary>
    public async Task KillAsync(int index)
    {
        await using var silo = _silos[index]!;
        _silos[index] = null;
        var ending = await silo.EndAsync(Signals.Kill);
        Assert.True(ending.Code is 128 + Signals.Kill or Expelled, $"Silo_{index} ended before it was killed: {ending}");
    }

    public RpcClient Client(int index) => _silos[index]!.Client();

    /// <summary>The last lines of all silos, for a failure's report.</summary>
    public string Report() => string.Join('\n', _silos.Select((silo, i) => $"Silo_{i}:\n{string.Join('\n', silo?.Errors.Lines.TakeLast(15) ?? ["is down"])}"));

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos.OfType<NodeProcess>())
        {
            await silo.DisposeAsync();
        }
    }

    private string DataOf(int index) => folder.PathOf($"silo{index}");
}
