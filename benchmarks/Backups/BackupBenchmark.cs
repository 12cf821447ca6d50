using System.Diagnostics;
using Kimura.Benchmarks.Ingest;
using Kimura.Benchmarks.Reports;

namespace Kimura.Benchmarks.Backups;

/// <summary>What a backup of a loaded node takes, and what it does to the time between blocks.</summary>
internal static class BackupBenchmark
{
    private const double Interval = 100;
    private static readonly TimeSpan Undisturbed = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(BenchmarkOptions options, Report report, DataDirectory place)
    {
        report.Heading("Backups");
        report.Paragraph(
            $"A node with a block every {Interval:F0} ms that holds {options.Messages:#,0} messages of {options.ContentSize} bytes and takes batches of {options.BatchSize} as fast as one "
            + "connection sends them, in all rows. The time between two blocks is by their time stamps; its deviation is from the interval. The tool runs on the same cores.");
        var folder = place.NewFolder("backup");
        var backups = place.NewFolder("backups");
        try
        {
            await using var node = await NodeProcess.StartLeaderAsync(folder, ["--test-mode", .. options.NodeOptions]);
            using var rpc = await RpcClient.OpenAsync(node);
            var filling = Workload.Make("filling", options.Messages, options.BatchSize, options.Connections, options.ContentSize);
            await Task.WhenAll(filling.Requests.Select(requests => SendAsync(node, requests, CancellationToken.None)));
            await rpc.DrainAsync();
            var steady = Workload.Make("steady", options.Messages, options.BatchSize, 1, options.ContentSize);
            using var ending = new CancellationTokenSource();
            var load = SendAsync(node, steady.Requests[0], ending.Token);
            report.Table(["", "took", "said", "blocks", "mean interval", "deviation p99", "most"],
            [
                await MeasureAsync(rpc, "no backup", async () =>
                {
                    await Task.Delay(Undisturbed);
                    return "";
                }),
                await MeasureAsync(rpc, "first backup", () => CreateAsync(folder, backups)),
                await MeasureAsync(rpc, "second backup", () => CreateAsync(folder, backups)),
            ]);
            await ending.CancelAsync();
            await load;
        }
        finally
        {
            DataDirectory.Remove(folder);
            DataDirectory.Remove(backups);
        }
    }

    private static async Task<string[]> MeasureAsync(RpcClient rpc, string name, Func<Task<string>> work)
    {
        var first = await rpc.GetHeightAsync();
        var started = TimeProvider.System.GetTimestamp();
        var said = await work();
        var took = TimeProvider.System.GetElapsedTime(started);
        ulong last;
        while ((last = await rpc.GetHeightAsync()) < first + 2)
        {
            await Task.Delay(10);
        }

        var blocks = await BlockSurvey.ReadAsync(rpc, first, last, Interval);
        return
        [
            name, $"{took.TotalSeconds:F1} s", said, $"{blocks.Blocks}", $"{blocks.MeanInterval:F1} ms", $"{blocks.DeviationP99:F0} ms", $"{blocks.DeviationMax:F0} ms",
        ];
    }

    private static async Task<string> CreateAsync(string folder, string backups)
    {
        string[] arguments = [NodeProcess.Program, "backup", "create", "--db-path", folder, "--backup-dir", backups];
        using var tool = Process.Start(new ProcessStartInfo("dotnet", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = await tool.StandardOutput.ReadToEndAsync();
        await tool.WaitForExitAsync();
        return tool.ExitCode == 0
            ? string.Join(',', said.Split('\n')[0].Split(',')[2..]).Trim()
            : throw new BenchmarkException($"bench: the backup ended with exit code {tool.ExitCode}");
    }

    private static async Task SendAsync(NodeProcess node, byte[][] requests, CancellationToken ending)
    {
        using var connection = await HttpConnection.OpenAsync(node.Address);
        foreach (var request in requests.TakeWhile(_ => !ending.IsCancellationRequested))
        {
            await connection.CallAsync(request);
        }
    }
}
