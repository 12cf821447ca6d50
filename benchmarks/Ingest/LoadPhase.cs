using System.Diagnostics;
using System.Text;

namespace Kimura.Benchmarks.Ingest;

/// <summary>What a load came to. Only messages answered as accepted count.</summary>
internal sealed record LoadResult(long Accepted, long Sent, TimeSpan Elapsed, TimeSpan NodeTime, TimeSpan GeneratorTime, Latencies Calls, string? Refusal)
{
    public double PerSecond => Accepted / Elapsed.TotalSeconds;

    public double NodeMicroseconds => NodeTime.TotalMicroseconds / Accepted;
}

/// <summary>Sends a workload over its connections, each call after the answer to the one before.</summary>
internal sealed class LoadPhase(NodeProcess node, Workload workload)
{
    /// <summary>
    /// As fast as it goes, or at <paramref name="perSecond"/> messages a second. Calls <paramref name="whenSent"/> after the last answer,
    /// then waits until every message is in a block.
    /// </summary>
    public async Task<LoadResult> RunAsync(RpcClient client, double? perSecond, Func<Task> whenSent)
    {
        var connections = await Task.WhenAll(workload.Requests.Select(_ => HttpConnection.OpenAsync(node.Address)));
        GC.Collect();
        var period = perSecond is { } rate ? TimeSpan.FromSeconds(workload.Messages / rate / workload.Requests[0].Length) : TimeSpan.Zero;
        var nodeTime = node.ProcessorTime;
        var ownTime = Environment.CpuUsage.TotalTime;
        var started = Stopwatch.GetTimestamp();
        var ends = await Task.WhenAll(connections.Select((connection, i) => Task.Run(() => SendAsync(connection, workload.Requests[i], period, i))));
        var elapsed = Stopwatch.GetElapsedTime(started);
        ownTime = Environment.CpuUsage.TotalTime - ownTime;
        await whenSent();
        await client.DrainAsync();
        nodeTime = node.ProcessorTime - nodeTime;
        Array.ForEach(connections, connection => connection.Dispose());
        var calls = new Latencies();
        Array.ForEach(ends, end => calls.Add(end.Calls));
        return new LoadResult(ends.Sum(end => end.Accepted), workload.Messages, elapsed, nodeTime, ownTime, calls, ends.FirstOrDefault(end => end.Refusal is not null).Refusal);
    }

    private async Task<(long Accepted, Latencies Calls, string? Refusal)> SendAsync(HttpConnection connection, byte[][] requests, TimeSpan period, int place)
    {
        var perRequest = workload.Messages / workload.Requests.Length / requests.Length;
        var calls = new Latencies();
        long accepted = 0;
        string? refusal = null;
        var begin = Stopwatch.GetTimestamp() + (long)(period.TotalSeconds * Stopwatch.Frequency * place / workload.Requests.Length);
        for (var i = 0; i < requests.Length; i++)
        {
            var wait = (period * i) - Stopwatch.GetElapsedTime(begin);
            if (period > TimeSpan.Zero && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            var started = Stopwatch.GetTimestamp();
            var answer = await connection.CallAsync(requests[i]);
            calls.Add(started);
            var taken = answer.Span.Count("\"status\":\"pending\""u8);
            accepted += taken;
            refusal ??= taken == perRequest ? null : Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, 300)]);
        }

        return (accepted, calls, refusal);
    }
}
