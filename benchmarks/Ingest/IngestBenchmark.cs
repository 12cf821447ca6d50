using System.Diagnostics;
using Kimura.Benchmarks.Reports;

namespace Kimura.Benchmarks.Ingest;

/// <summary>The whole way of a message, from HTTP to a synced block, in three runs of the node, each on an empty database.</summary>
internal static class IngestBenchmark
{
    private const double DefaultInterval = 5_000;
    private const double TestInterval = 100;

    /// <returns>False if anything sent was not accepted and found again.</returns>
    public static async Task<bool> RunAsync(BenchmarkOptions options, Report report, DataDirectory place)
    {
        var signing = Stopwatch.StartNew();
        var batches = Workload.Make("batch", options.Messages, options.BatchSize, options.Connections, options.ContentSize);
        var singles = Workload.Make("single", options.Singles, 0, options.SingleConnections, options.ContentSize);
        var warmUp = new WarmUp(options);
        var bare = BareCost.Measure(1);
        var bareBusy = BareCost.Measure(Environment.ProcessorCount);
        report.Heading("Ingest");
        report.Paragraph(
            $"Messages of {options.ContentSize} bytes, signed beforehand ({batches.Messages + singles.Messages:#,0} in {signing.Elapsed.TotalSeconds:0.0} s), sent over loopback by a "
            + $"generator on the same {Environment.ProcessorCount} cores. Parsing a key and verifying one signature costs {bare:0.0} µs of one core, {bareBusy:0.0} µs of each "
            + "while all are at it; the ratio is to the first. Node CPU is user and system time of its process, from the first call until every message is in a block. Each node "
            + $"has taken {WarmUp.Messages:#,0} other messages before, so that its code is compiled.");

        var runs = new List<LoadRun>();
        await WithNodeAsync(options, place, warmUp, [], async node =>
        {
            runs.Add(await LoadRun.RunAsync($"batches of {options.BatchSize}, {options.Connections} connections", node, batches, MethodSampler.OfHeight(), DefaultInterval));
            runs.Add(await LoadRun.RunAsync($"single, {options.SingleConnections} connections", node, singles, MethodSampler.OfHeight(), DefaultInterval));
        });
        ReportThroughput(report, runs, bare);

        var half = runs[0].Load.PerSecond / 2;
        await WithNodeAsync(options, place, warmUp, ["--test-mode"], async node =>
            runs.Add(await LoadRun.RunAsync($"batches at half speed, {half:#,0}/s", node, batches, MethodSampler.OfHeight(), TestInterval, half)));
        ReportIntervals(report, runs[2]);

        await WithNodeAsync(options, place, warmUp, [], async node =>
            runs.Add(await LoadRun.RunAsync("batches, every method called", node, batches, MethodSampler.OfAll(batches), DefaultInterval)));
        ReportMethods(report, runs);
        return ReportLosses(report, runs);
    }

    private static async Task WithNodeAsync(BenchmarkOptions options, DataDirectory place, WarmUp warmUp, string[] more, Func<NodeProcess, Task> measure)
    {
        var folder = place.NewFolder("node");
        try
        {
            await using var node = await NodeProcess.StartLeaderAsync(folder, [.. more, .. options.NodeOptions]);
            await warmUp.RunAsync(node);
            await measure(node);
        }
        finally
        {
            DataDirectory.Remove(folder);
        }
    }

    private static void ReportThroughput(Report report, List<LoadRun> runs, double bare)
    {
        report.Table(
            ["load", "accepted/s", "calls p50", "p99", "node CPU a message", "to bare cost", "generator CPU a message", "largest block", "get_height p99", "node memory"],
            runs.Select(run => (string[])
            [
                run.Name, $"{run.Load.PerSecond:#,0}", run.Load.Calls.Text(0.5), run.Load.Calls.Text(0.99), $"{run.Load.NodeMicroseconds:0.0} µs",
                $"{run.Load.NodeMicroseconds / bare:0.00}", $"{run.Load.GeneratorTime.TotalMicroseconds / run.Load.Accepted:0.0} µs", $"{run.Blocks.Largest:#,0}",
                run.Samples.Results["get_height"].Times.Text(0.99), $"{run.PeakMegabytes:#,0} MiB",
            ]));
    }

    private static void ReportIntervals(Report report, LoadRun run)
    {
        report.Heading("Block interval under load (test mode, 100 ms)");
        report.Table(["load", "accepted/s", "blocks", "mean", "p99 off by", "at most off by", "calls p99", "get_height p99"],
        [
            [
                run.Name, $"{run.Load.PerSecond:#,0}", $"{run.Blocks.Blocks}", $"{run.Blocks.MeanInterval:0.00} ms", $"{run.Blocks.DeviationP99:0} ms",
                $"{run.Blocks.DeviationMax:0} ms", run.Load.Calls.Text(0.99), run.Samples.Results["get_height"].Times.Text(0.99),
            ],
        ]);
    }

    private static void ReportMethods(Report report, List<LoadRun> runs)
    {
        report.Heading("Methods under full load");
        report.Paragraph($"Called in turn, {runs[3].Samples.Results.Values.Sum(one => one.Times.Count)} times in all, while batches came at {runs[3].Load.PerSecond:#,0} accepted/s.");
        report.Table(["method", "calls", "p50", "p99", "largest answer"],
        [
            .. runs[3].Samples.Results.Select(one => (string[])
            [
                one.Key, $"{one.Value.Times.Count}", one.Value.Times.Text(0.5), one.Value.Times.Text(0.99), $"{one.Value.Largest / 1024.0:#,0.0} KiB",
            ]),
            ["submit_messages", $"{runs[3].Load.Calls.Count}", runs[3].Load.Calls.Text(0.5), runs[3].Load.Calls.Text(0.99), ""],
            ["submit_message (run above)", $"{runs[1].Load.Calls.Count}", runs[1].Load.Calls.Text(0.5), runs[1].Load.Calls.Text(0.99), ""],
        ]);
    }

    private static bool ReportLosses(Report report, List<LoadRun> runs)
    {
        var whole = true;
        foreach (var run in runs.Where(run => run.Load.Accepted != run.Load.Sent || run.Found != run.Load.Accepted))
        {
            report.Paragraph($"**{run.Name}: {run.Load.Sent:#,0} sent, {run.Load.Accepted:#,0} accepted, {run.Found:#,0} in blocks.** First refusal: `{run.Load.Refusal}`");
            whole = false;
        }

        if (whole)
        {
            report.Paragraph($"All {runs.Sum(run => run.Load.Sent):#,0} messages sent were accepted, and the senders' nonces say that all are in blocks.");
        }

        return whole;
    }
}
