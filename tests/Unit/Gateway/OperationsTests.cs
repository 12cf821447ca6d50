using System.Diagnostics;
using System.Text.RegularExpressions;
using Kimura.Tests.Unit.Architecture;
using Xunit;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>What docs/operations says of the metrics, and what Prometheus' own tool says of both.</summary>
[Collection(GatewayCollection.Name)]
public sealed partial class OperationsTests(SharedNode shared)
{
    [Fact]
    public async Task Promtool_finds_nothing_against_the_metrics()
    {
        await using var socket = await SocketClient.ConnectAsync(shared.Node.Node.RpcAddress);
        await socket.SubscribeAsync("""["blocks"]""");
        await socket.NextResultAsync();
        var metrics = await shared.Node.GetAsync("/metrics");
        Assert.Equal((0, ""), await PromtoolAsync(metrics.Text, "check", "metrics"));
    }

    [Fact]
    public async Task Promtool_takes_the_example_configuration()
    {
        var (code, said) = await PromtoolAsync("", "check", "config", Repository.PathOf("docs", "operations", "prometheus.yml"));
        Assert.True(code == 0, said);
    }

    [Fact]
    public async Task Dashboard_and_alerts_ask_for_metrics_that_there_are()
    {
        await using var socket = await SocketClient.ConnectAsync(shared.Node.Node.RpcAddress);
        await socket.SubscribeAsync("""["blocks"]""");
        await socket.NextResultAsync();
        await shared.Node.CallAsync("submit_message", "[]");
        using var sender = new Sender();
        await shared.Node.ResultAsync("submit_message", sender.Params(0, "counted"));
        var metrics = (await shared.Node.GetAsync("/metrics")).Text;
        foreach (var file in new[] { "grafana-dashboard.json", "alerts.yml" })
        {
            var names = Name().Matches(await File.ReadAllTextAsync(Repository.PathOf("docs", "operations", file))).Select(match => match.Value).Distinct().ToList();
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.Matches($"(?m)^{name}[ {{]", metrics));
        }
    }

    private static async Task<(int Code, string Said)> PromtoolAsync(string input, params string[] arguments)
    {
        string[] places = [Repository.PathOf("artifacts", "tools", "promtool"), "/usr/bin/promtool", "/usr/local/bin/promtool"];
        var program = places.FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "promtool is not here: it is in Debian's package prometheus");
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, string.Concat(await said));
    }

    [GeneratedRegex(@"\b(kimura|process|dotnet)_[a-z_]+[a-z]\b", RegexOptions.ExplicitCapture)]
    private static partial Regex Name();
}
