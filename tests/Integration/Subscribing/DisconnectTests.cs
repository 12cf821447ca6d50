using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Subscribing;

/// <summary>A subscriber whose connection is cut again and again, while the chain grows under load.</summary>
public sealed class DisconnectTests : IDisposable
{
    private const int Disconnects = 1000;
    private const int LongestCut = 16_000;

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 240_000)]
    public async Task Subscriber_cut_off_a_thousand_times_misses_no_block_and_sees_none_twice()
    {
        var seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        await using var node = await NodeProcess.StartAsync(
            _folder.PathOf("data"), "--block-interval-ms", "10", "--rate-limit", "0", "--pending-sender-limit", "200000");
        await using var proxy = new CuttingProxy(node.Address, () => random.Next(1, LongestCut));
        using var ending = new CancellationTokenSource();
        var load = LoadAsync(node, ending.Token);

        var seen = new List<(ulong Height, string Hash)>();
        while (proxy.Cuts < Disconnects)
        {
            await FollowAsync(proxy.Address, seen);
        }

        await ending.CancelAsync();
        var sent = await load;
        using var rpc = node.Client();
        await CheckAsync(rpc, seen);
        var listed = 0;
        foreach (var (height, _) in seen)
        {
            listed += (await rpc.CallAsync("get_block", new { height })).GetProperty("message_ids").GetArrayLength();
        }

        Assert.True(sent > 0 && listed > 0, $"seed {seed}: {sent} messages were sent, {listed} are in the {seen.Count} blocks that were told");
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: {proxy.Cuts} cuts, {seen.Count} blocks, {listed} messages");
    }

    [Fact(Timeout = 240_000)]
    public async Task Watching_tool_goes_on_where_it_was_cut_off()
    {
        var random = new Random(17);
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"));
        await using var proxy = new CuttingProxy(node.Address, () => random.Next(1000, 8000));

        var ending = await ChildProcess.RunAsync(
            "python3",
            [Repository.PathOf("kimura.py"), "--home", _folder.PathOf("home"), "--rpc", proxy.Address.ToString(), "--json",
                "watch", "--from", "0", "--count", "40"],
            TimeSpan.FromMinutes(3));

        Assert.True(ending.Code == 0, ending.ToString());
        var seen = ending.Output.Select(line =>
        {
            using var block = JsonDocument.Parse(line);
            return Read(block.RootElement);
        }).ToList();
        Assert.Equal(40, seen.Count);
        Assert.True(proxy.Cuts > 0, "nothing was cut");
        using var rpc = node.Client();
        await CheckAsync(rpc, seen);
    }

    // Until the connection is cut, in the middle of a frame or of the handshake.
    private static async Task FollowAsync(Uri address, List<(ulong Height, string Hash)> seen)
    {
        using var socket = new ClientWebSocket();
        using var limit = new CancellationTokenSource(Limits.Step);
        socket.Options.Proxy = null;
        try
        {
            await socket.ConnectAsync(new UriBuilder(address) { Scheme = "ws", Path = "/ws" }.Uri, limit.Token);
            var request = new { jsonrpc = "2.0", id = 1, method = "subscribe", @params = new { topic = "blocks", from_height = seen.Count } };
            await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(request), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
            while (true)
            {
                using var message = JsonDocument.Parse(await ReceiveAsync(socket, limit.Token));
                if (message.RootElement.TryGetProperty("params", out var told))
                {
                    seen.Add(Read(told.GetProperty("result")));
                }
            }
        }
        catch (WebSocketException)
        {
            // Cut.
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await socket.ReceiveAsync(bytes.GetMemory(4096), cancellation);
            bytes.Advance(read.Count);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                throw new WebSocketException("closed");
            }

            if (read.EndOfMessage)
            {
                return bytes.WrittenMemory;
            }
        }
    }

    private static (ulong Height, string Hash) Read(JsonElement block) =>
        (block.GetProperty("header").GetProperty("height").GetUInt64(), block.GetProperty("hash").GetString()!);

    private static async Task CheckAsync(RpcClient rpc, List<(ulong Height, string Hash)> seen)
    {
        Assert.Equal(Enumerable.Range(0, seen.Count).Select(height => (ulong)height), seen.Select(block => block.Height));
        var stored = new List<(ulong Height, string Hash)>();
        for (var from = 0; from < seen.Count; from += 500)
        {
            var blocks = await rpc.CallAsync("get_blocks", new { from, to = Math.Min(seen.Count, from + 500) - 1 });
            stored.AddRange(blocks.EnumerateArray().Select(Read));
        }

        Assert.Equal(stored, seen);
    }

    private static async Task<int> LoadAsync(NodeProcess node, CancellationToken ending)
    {
        using var rpc = node.Client();
        using var sender = new Sender();
        var sent = 0;
        while (!ending.IsCancellationRequested)
        {
            await rpc.SubmitAsync(sender.Sign(4, "load"));
            sent += 4;
        }

        return sent;
    }
}
