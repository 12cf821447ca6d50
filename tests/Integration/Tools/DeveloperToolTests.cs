using System.Globalization;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Tools;

/// <summary>blockchain.py run: options in, signals through, exit code out.</summary>
public sealed class DeveloperToolTests : IDisposable
{
    // It may have to build first.
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(5);

    private readonly TempDirectory _folder = new();

    private const string OtherEngine = "blockchain.py runs the engine that its setup chose, and this is the other one's build";

    // What setup chose (artifacts/engine); the embedded engine where nobody did.
    private static bool IsThisEngine
    {
        get
        {
            var choice = Repository.PathOf("artifacts", "engine");
            return (File.Exists(choice) && File.ReadAllText(choice).StartsWith("orleans", StringComparison.Ordinal)) == Engine.HasTransport;
        }
    }

    private string Data => _folder.PathOf("data");

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 400_000)]
    [InlineData(Signals.Interrupt)]
    [InlineData(Signals.Terminate)]
    public async Task Signal_to_the_tool_stops_its_node(int signal)
    {
        Assert.SkipUnless(IsThisEngine, OtherEngine);
        await using var tool = ChildProcess.Start(
            "python3", [Repository.PathOf("blockchain.py"), "run", "--test-mode", "--db-path", Data, "--rpc-port", "0", "--chain-id", "by-the-tool"]);
        var ready = await tool.Output.FindAsync(line => line.Contains("ready", StringComparison.Ordinal), BuildLimit);
        Assert.NotNull(ready);
        var node = Assert.Single(ChildrenOf(tool.Id));
        using (var rpc = new RpcClient(new Uri(ready[ready.IndexOf("http", StringComparison.Ordinal)..])))
        {
            await rpc.HeightAsync(2);
            Assert.Equal("by-the-tool", (await rpc.CallAsync("get_status")).GetProperty("chain_id").GetString());
        }

        var ending = await tool.EndAsync(signal);

        Assert.True(ending.Code == 0, ending.ToString());
        Assert.Contains(ending.Errors, line => line.EndsWith("Shutdown complete", StringComparison.Ordinal));
        Assert.False(Directory.Exists($"/proc/{node}"));
    }

    [Fact(Timeout = 400_000)]
    public async Task Exit_code_and_line_of_the_node_are_the_tools()
    {
        var ending = await ChildProcess.RunAsync("python3", [Repository.PathOf("blockchain.py"), "run", "--db-path", Data, "--rpc-port", "many"], BuildLimit);

        Assert.True(ending.Code == 2, ending.ToString());
        Assert.Contains("--rpc-port", ending.Errors[^1], StringComparison.Ordinal);
    }

    [Fact(Timeout = 400_000)]
    public async Task One_signal_stops_a_leader_and_its_peers()
    {
        Assert.SkipUnless(IsThisEngine, OtherEngine);
        await using var tool = ChildProcess.Start(
            "python3", [Repository.PathOf("blockchain.py"), "run", "--peers", "2", "--test-mode", "--db-path", Data, "--rpc-port", "0", "--listen-addr", "/ip4/127.0.0.1/tcp/0"]);
        foreach (var name in new[] { "leader", "peer 1", "peer 2" })
        {
            var ready = await tool.Output.FindAsync(
                line => line.StartsWith($"{name}: ", StringComparison.Ordinal) && line.Contains("ready", StringComparison.Ordinal), BuildLimit);
            Assert.NotNull(ready);
            using var rpc = new RpcClient(new Uri(ready[ready.IndexOf("http", StringComparison.Ordinal)..]));
            await rpc.HeightAsync(2);
            Assert.Equal(name.Split(' ')[0], (await rpc.CallAsync("get_status")).GetProperty("role").GetString());
        }

        var nodes = ChildrenOf(tool.Id);
        Assert.Equal(3, nodes.Count);

        var ending = await tool.EndAsync(Signals.Interrupt);

        Assert.True(ending.Code == 0, ending.ToString());
        Assert.Equal(3, ending.Output.Count(line => line.EndsWith("Shutdown complete", StringComparison.Ordinal)));
        Assert.All(nodes, node => Assert.False(Directory.Exists($"/proc/{node}")));
    }

    private static List<int> ChildrenOf(int process) =>
    [
        .. File.ReadAllText($"/proc/{process}/task/{process}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture)),
    ];
}
