using System.Diagnostics;
using Kimura.Benchmarks.Ingest;
using Kimura.Benchmarks.Reports;

namespace Kimura.Benchmarks.Network;

/// <summary>How fast blocks get round between real nodes on this machine, and how fast a new peer catches up.</summary>
internal static class NetworkBenchmark
{
    private const int MessagesPerBlock = 1_000;
    private const int FullBlocks = 30;
    private const int WarmUpBlocks = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(BenchmarkOptions options, Report report, DataDirectory place)
    {
        report.Heading("Network");
        report.Paragraph(
            "All nodes are processes of their own on this machine. The delay of a block runs from the leader's log line after its commit to a peer's after "
            + "it has verified the block with all its messages and stored it; the log's times are to the millisecond.");
        var rows = new List<string[]>
        {
            await SpreadAsync("leader and 2 peers, empty blocks", place, [0, 0], 0, 100),
            await SpreadAsync($"leader and 2 peers, {MessagesPerBlock:#,0} messages a block", place, [0, 0], MessagesPerBlock, 1_000),
            await SpreadAsync($"line of 8 nodes, {MessagesPerBlock:#,0} messages a block, to the last", place, [0, 1, 2, 3, 4, 5, 6], MessagesPerBlock, 1_500),
        };
        report.Table(["", "blocks", "messages", "p50", "p99", "most"], rows);
        await CatchUpAsync(options, report, place);
    }

    // Each peer is connected to the node of that number before it: 0 is the leader.
    private static async Task<string[]> SpreadAsync(string name, DataDirectory place, int[] connectedTo, int messages, int interval)
    {
        var folder = place.NewFolder("network");
        var nodes = new List<NodeProcess>();
        try
        {
            string[] shared = ["--block-interval-ms", $"{interval}"];
            nodes.Add(await NodeProcess.StartLeaderAsync(Path.Combine(folder, "0"), shared));
            foreach (var to in connectedTo)
            {
                nodes.Add(await NodeProcess.StartPeerAsync(Path.Combine(folder, $"{nodes.Count}"), nodes[to], shared));
            }

            var isLine = connectedTo[^1] > 0;
            var clock = new BlockClock(nodes[0], isLine ? [nodes[^1]] : nodes.Skip(1));
            var sent = await LoadAsync(nodes[0], messages, interval);
            var delays = await clock.DelaysAsync(messages == 0 ? FullBlocks * 3 : FullBlocks, messages, Patience);
            var ordered = delays.Order().ToList();
            return
            [
                name, $"{clock.Measured}", $"{sent:#,0}", $"{At(ordered, 0.5):0} ms", $"{At(ordered, 0.99):0} ms", $"{ordered[^1]:0} ms",
            ];
        }
        finally
        {
            nodes.Reverse();
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }

            DataDirectory.Remove(folder);
        }
    }

    // One block's messages each interval, sent at once.
    private static async Task<int> LoadAsync(NodeProcess leader, int messages, int interval)
    {
        var blocks = messages == 0 ? FullBlocks * 3 : FullBlocks + WarmUpBlocks;
        if (messages == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(interval * (blocks + WarmUpBlocks)));
            return 0;
        }

        var workload = Workload.Make("network", messages * blocks, messages, 1, 256);
        using var connection = await HttpConnection.OpenAsync(leader.Address);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(interval));
        foreach (var request in workload.Requests[0])
        {
            await timer.WaitForNextTickAsync();
            await connection.CallAsync(request);
        }

        await timer.WaitForNextTickAsync();
        return workload.Messages;
    }

    private static async Task CatchUpAsync(BenchmarkOptions options, Report report, DataDirectory place)
    {
        const int perBlock = 10;
        var folder = place.NewFolder("catchup");
        try
        {
            var building = Stopwatch.StartNew();
            await ChainBuilder.BuildAsync(Path.Combine(folder, "leader"), options.SyncBlocks, perBlock);
            var built = building.Elapsed;
            string[] shared = ["--block-interval-ms", "3600000"];
            await using var leader = await NodeProcess.StartLeaderAsync(Path.Combine(folder, "leader"), shared);
            var started = Stopwatch.StartNew();
            await using var peer = await NodeProcess.StartPeerAsync(Path.Combine(folder, "peer"), leader, shared);
            var ready = started.Elapsed;
            using var client = await RpcClient.OpenAsync(peer);
            while (await client.GetHeightAsync() < (ulong)options.SyncBlocks)
            {
                await Task.Delay(20);
            }

            var took = started.Elapsed - ready;
            var messages = options.SyncBlocks * perBlock;
            report.Table(["catching up", ""],
            [
                ["chain", $"{options.SyncBlocks:#,0} blocks, {messages:#,0} messages (built in {built.TotalSeconds:0.0} s)"],
                ["from ready to the tip", $"{took.TotalSeconds:0.00} s: {options.SyncBlocks / took.TotalSeconds:#,0} blocks/s, {messages / took.TotalSeconds:#,0} messages/s, all verified and stored"],
                ["peer", $"{peer.ProcessorTime.TotalSeconds:0.0} s of processor, {peer.PeakMegabytes:#,0} MiB at most"],
                ["leader", $"{leader.ProcessorTime.TotalSeconds:0.0} s of processor, {leader.PeakMegabytes:#,0} MiB at most"],
                ["get_proof at the peer", (await client.CallAsync("get_proof", $"[\"{ChainBuilder.LastMessage}\"]")).GetProperty("height").GetRawText()],
            ]);
        }
        finally
        {
            DataDirectory.Remove(folder);
        }
    }

    private static double At(List<double> ordered, double part) => ordered[Math.Min(ordered.Count - 1, (int)(ordered.Count * part))];
}
