using System.Text;
using System.Text.Json;

namespace Kimura.Benchmarks.Ingest;

/// <summary>Calls beside the load, on a connection of their own.</summary>
internal sealed class RpcClient(HttpConnection connection) : IDisposable
{
    public static async Task<RpcClient> OpenAsync(NodeProcess node) => new(await HttpConnection.OpenAsync(node.Address));

    /// <summary>A request for a method with params in JSON.</summary>
    public static byte[] Request(string method, string parameters) =>
        HttpConnection.Request(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}"""));

    public async Task<JsonElement> CallAsync(string method, string parameters = "[]")
    {
        using var answer = JsonDocument.Parse(await connection.CallAsync(Request(method, parameters)));
        return answer.RootElement.TryGetProperty("result", out var result)
            ? result.Clone()
            : throw new BenchmarkException($"bench: {method} was answered {answer.RootElement.GetRawText()}");
    }

    public async Task<ulong> GetHeightAsync() => (await CallAsync("get_height")).GetProperty("height").GetUInt64();

    /// <summary>Waits until every accepted message is in a block.</summary>
    public async Task DrainAsync()
    {
        while ((await CallAsync("get_status")).GetProperty("pending").GetInt64() > 0)
        {
            await Task.Delay(50);
        }
    }

    /// <summary>How many messages of these senders the chain holds.</summary>
    public async Task<long> CountAsync(Workload workload)
    {
        long sum = 0;
        foreach (var sender in workload.Senders)
        {
            sum += (await CallAsync("get_nonce", $"[\"{sender}\"]")).GetProperty("nonce").GetInt64();
        }

        return sum;
    }

    public void Dispose() => connection.Dispose();
}
