using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Cluster;

/// <summary>The gateway in a process of its own, beside one silo.</summary>
public sealed class GatewayTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task On_the_embedded_engine_it_says_in_one_line_what_it_needs()
    {
        Assert.SkipWhen(Engine.HasTransport, "this build has the Orleans engine");

        var ending = await GatewayProcess.RunAsync("--cluster-db", "Host=127.0.0.1");

        Assert.Equal(2, ending.Code);
        Assert.Contains("needs the Orleans engine", Assert.Single(ending.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_the_embedded_engine_a_silos_ports_are_refused()
    {
        Assert.SkipWhen(Engine.HasTransport, "this build has the Orleans engine");

        var ending = await NodeProcess.RunAsync("--silo-port", "11111");

        Assert.Equal(2, ending.Code);
        Assert.StartsWith("--silo-port: the embedded engine has no transport", Assert.Single(ending.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("either --cluster-db or --silo-gateway must say")]
    [InlineData("--silo-gateway: 'nowhere' is not an address", "--silo-gateway", "nowhere")]
    [InlineData("--rpc-port: '99999' is not a whole number", "--silo-gateway", "127.0.0.1:30000", "--rpc-port", "99999")]
    public async Task An_option_that_cannot_be_is_refused_in_one_line(string words, params string[] options)
    {
        Assert.SkipUnless(Engine.HasTransport, Engine.NeedsTransport);

        var ending = await GatewayProcess.RunAsync(options);

        Assert.Equal(2, ending.Code);
        Assert.Contains(words, Assert.Single(ending.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_submits_and_reads_for_its_clients_and_says_when_the_silo_is_gone_and_back()
    {
        Assert.SkipUnless(Engine.HasTransport, Engine.NeedsTransport);
        var port = Ports.Free();
        string[] options = ["--silo-gateway-port", $"{port}"];
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), options);
        await using var gateway = await GatewayProcess.StartAsync("--silo-gateway", $"127.0.0.1:{port}", "--retry-for-ms", "20000");
        using var rpc = new RpcClient(gateway.Address);
        using var sender = new Sender();

        var message = sender.Sign("through a gateway of its own");
        await rpc.CallAsync("submit_message", message.ToParameters());
        await rpc.NothingPendingAsync();
        Assert.Equal("confirmed", (await rpc.CallAsync("get_message", new { message_id = message.Id.ToString() })).GetProperty("status").GetString());
        Assert.Equal("orleans", (await rpc.CallAsync("get_status")).GetProperty("engine").GetString());

        await node.EndAsync(Signals.Kill);
        await Eventually.HoldsAsync(async () => await ReadyAsync(gateway) == 503, "the gateway says that it has no silo");
        await using var again = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), options);
        await Eventually.HoldsAsync(async () => await ReadyAsync(gateway) == 200, "the gateway finds the silo again");
        await rpc.CallAsync("submit_message", sender.Sign("and again").ToParameters());
        var stopped = await gateway.EndAsync(Signals.Terminate);
        Assert.Equal(0, stopped.Code);
    }

    [Fact]
    public async Task The_sample_submits_and_reads_through_the_grains()
    {
        Assert.SkipUnless(Engine.HasTransport, Engine.NeedsTransport);
        var port = Ports.Free();
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), "--silo-gateway-port", $"{port}", "--cluster-id", "tests");

        var ending = await ChildProcess.RunAsync("dotnet", [Repository.GrainClient, $"127.0.0.1:{port}", "tests"], Limits.Step);

        Assert.True(ending.Code == 0, ending.ToString());
        Assert.StartsWith("confirmed in block", ending.Output[^1], StringComparison.Ordinal);
    }

    private static async Task<int> ReadyAsync(GatewayProcess gateway)
    {
        using var http = new HttpClient { Timeout = Limits.Call };
        using var response = await http.GetAsync(new Uri(gateway.Address, "health/ready"));
        return (int)response.StatusCode;
    }
}
