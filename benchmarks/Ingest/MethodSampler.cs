using System.Diagnostics;
using Kimura.Chain.Messages;

namespace Kimura.Benchmarks.Ingest;

/// <summary>Calls methods one after the other at a small, steady rate while the load runs, and times each.</summary>
internal sealed class MethodSampler
{
    private readonly (string Name, byte[] Request)[] _methods;
    private readonly Dictionary<string, (Latencies Times, int Largest)> _results = [];
    private readonly TimeSpan _period;

    private MethodSampler(TimeSpan period, (string Name, byte[] Request)[] methods)
    {
        _period = period;
        _methods = methods;
    }

    /// <summary>By method: the times, and the largest answer in bytes.</summary>
    public IReadOnlyDictionary<string, (Latencies Times, int Largest)> Results => _results;

    /// <summary>get_height, 50 times a second.</summary>
    public static MethodSampler OfHeight() => new(TimeSpan.FromMilliseconds(20), [("get_height", RpcClient.Request("get_height", "[]"))]);

    /// <summary>Every method that reads, about 70 calls a second.</summary>
    public static MethodSampler OfAll(Workload workload)
    {
        var sender = workload.Senders[0];
        var id = Message.IdOf(sender, 0);
        (string, string, string)[] calls =
        [
            ("get_height", "get_height", "[]"), ("get_status", "get_status", "[]"), ("get_nonce", "get_nonce", $"[\"{sender}\"]"),
            ("get_message", "get_message", $"[\"{id}\"]"), ("get_messages, 100", "get_messages", $"[\"{sender}\",0,100]"),
            ("get_proof", "get_proof", $"[\"{id}\"]"), ("get_block, latest", "get_block", "[\"latest\"]"), ("get_block, genesis", "get_block", "[0]"),
            ("get_blocks, 10", "get_blocks", "[1,10]"), ("rpc.discover", "rpc.discover", "[]"),
        ];
        return new MethodSampler(TimeSpan.FromMilliseconds(15), [.. calls.Select(call => (call.Item1, RpcClient.Request(call.Item2, call.Item3)))]);
    }

    public async Task RunAsync(NodeProcess node, CancellationToken stopping)
    {
        using var connection = await HttpConnection.OpenAsync(node.Address);
        for (var i = 0; !stopping.IsCancellationRequested; i = (i + 1) % _methods.Length)
        {
            var started = Stopwatch.GetTimestamp();
            var answer = await connection.CallAsync(_methods[i].Request);
            var (times, largest) = _results.GetValueOrDefault(_methods[i].Name, (new Latencies(), 0));
            times.Add(started);
            _results[_methods[i].Name] = (times, Math.Max(largest, answer.Length));
            await Task.Delay(_period, CancellationToken.None);
        }
    }
}
