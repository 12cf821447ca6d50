using Kimura.Benchmarks.Ingest;
using Kimura.Benchmarks.Reports;

namespace Kimura.Benchmarks.Sockets;

/// <summary>What many WebSocket clients cost a node, and how long after a block's time each of them has it.</summary>
internal static class SocketsBenchmark
{
    private const int Idle = 1000;
    private const int Active = 100;
    private const int Blocks = 60;

    private static readonly int[] Percentiles = [50, 95, 99];

    // Messages of a sender that sends none.
    private const string IdleParams = $$"""{"topic":"messages","public_key":"{{Nobody}}"}""";
    private const string Nobody = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    public static async Task RunAsync(BenchmarkOptions options, Report report, DataDirectory place)
    {
        report.Heading("WebSocket clients");
        report.Paragraph(
            $"A node with a block every 500 ms, {options.BatchSize} messages of {options.ContentSize} bytes about ten times a second. Idle clients are subscribed to a sender that sends nothing, "
            + $"so each block is looked through for them; active ones get every block. The delay is from a block's time stamp, which the leader sets before it makes and syncs the block, to "
            + $"when a client has read all of it, over {Blocks} blocks and every active client. Clients and node share the machine.");
        var rows = new List<string[]>();
        foreach (var (idle, active) in new[] { (0, 1), (Idle, 1), (0, Active), (Idle, Active) })
        {
            var folder = place.NewFolder("sockets");
            try
            {
                await using var node = await NodeProcess.StartLeaderAsync(folder, ["--block-interval-ms", "500", .. options.NodeOptions]);
                rows.Add(await MeasureAsync(node, options, idle, active));
            }
            finally
            {
                DataDirectory.Remove(folder);
            }
        }

        report.Table(["idle", "active", "resident before", "resident with clients", "node CPU", "delay p50", "p95", "p99", "most"], rows);
    }

    private static async Task<string[]> MeasureAsync(NodeProcess node, BenchmarkOptions options, int idle, int active)
    {
        using var rpc = await RpcClient.OpenAsync(node);
        using var ending = new CancellationTokenSource();
        var load = LoadAsync(node, options, ending.Token);
        while (await rpc.GetHeightAsync() < 10)
        {
            await Task.Delay(100);
        }

        var before = node.ResidentMegabytes;
        var clients = new List<SocketClient>();
        for (var i = 0; i < idle + active; i++)
        {
            clients.Add(await SocketClient.OpenAsync(node.Address, i < idle ? IdleParams : """{"topic":"blocks"}"""));
        }

        var processor = node.ProcessorTime;
        var started = TimeProvider.System.GetTimestamp();
        var delays = (await Task.WhenAll(clients.Skip(idle).Select(client => client.DelaysAsync(Blocks)))).SelectMany(each => each).Order().ToList();
        var share = (node.ProcessorTime - processor) / TimeProvider.System.GetElapsedTime(started);
        var after = node.ResidentMegabytes;
        await ending.CancelAsync();
        await load;
        clients.ForEach(client => client.Dispose());
        return
        [
            $"{idle:#,0}", $"{active:#,0}", $"{before} MiB", $"{after} MiB", $"{share:P0} of a core", .. Percentiles.Select(percent => $"{delays[(delays.Count - 1) * percent / 100]} ms"),
            $"{delays[^1]} ms",
        ];
    }

    private static async Task LoadAsync(NodeProcess node, BenchmarkOptions options, CancellationToken ending)
    {
        var workload = Workload.Make("sockets", options.BatchSize * 450, options.BatchSize, 1, options.ContentSize);
        using var connection = await HttpConnection.OpenAsync(node.Address);
        foreach (var request in workload.Requests[0])
        {
            if (ending.IsCancellationRequested)
            {
                return;
            }

            await connection.CallAsync(request);
            await Task.Delay(100, CancellationToken.None);
        }
    }
}
