using System.Text.Json;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Tools;

/// <summary>kimura.py against a real node.</summary>
public sealed class ClientToolTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 180_000)]
    [InlineData(null)]
    [InlineData("tour")]
    public async Task Tour_of_a_message_ends_verified(string? chainId)
    {
        string[] options = chainId is null ? [] : ["--chain-id", chainId];
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), options);
        var tool = new ClientTool(node.Address, _folder.PathOf("home"));

        var key = Assert.Single(await tool.RunAsync("key", "new", "node1")).Split(' ')[^1];
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.PathOf("home", "keys", "node1.key")));
        var id = Assert.Single(await tool.RunAsync("message", "send", "--content", "hello", "--sender", "node1", "--wait"));
        Assert.Contains(await tool.RunAsync("message", "verify", id), line => line.StartsWith($"verified: signed by {key}, in block ", StringComparison.Ordinal));
        var message = await tool.RunJsonAsync("message", "get", id);
        Assert.Equal(("hello", "confirmed"), (message.GetProperty("content").GetString(), message.GetProperty("status").GetString()));
        var height = message.GetProperty("height").GetUInt64();
        Assert.Contains(await tool.RunAsync("block", "get", "--height", $"{height}"), line => line.Contains(id, StringComparison.Ordinal));
        Assert.True(ulong.Parse(Assert.Single(await tool.RunAsync("height", "get"))) >= height);
        Assert.Equal("1", Assert.Single(await tool.RunAsync("nonce", "get", "node1")));

        await tool.FailAsync("message", "verify", new string('0', 64));
        await tool.FailAsync("message", "verify", id, "--leader-key", key);
        await tool.FailAsync("message", "verify", id, "--chain-id", "of-somebody-else");
    }

    [Fact(Timeout = 180_000)]
    public async Task Thousand_messages_of_one_command_are_each_in_one_block()
    {
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), "--chain-id", "many");
        var tool = new ClientTool(node.Address, _folder.PathOf("home"));
        await tool.RunAsync("key", "new", "node1");

        var ids = await tool.RunAsync("message", "send", "--content", "one of many", "--sender", "node1", "--count", "1000", "--wait");

        using var rpc = node.Client();
        var chain = await WalkedChain.WalkAsync(rpc, new Chain.ChainParameters("many"));
        Assert.Equal(1000, ids.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(ids.ToHashSet(), [.. chain.Messages.Keys.Select(message => message.ToString())]);
        Assert.Contains(await tool.RunAsync("message", "verify", ids[^1]), line => line.StartsWith("verified:", StringComparison.Ordinal));
    }

    private sealed class ClientTool(Uri node, string home)
    {
        public async Task<IReadOnlyList<string>> RunAsync(params string[] arguments)
        {
            var ending = await StartAsync(arguments);
            Assert.True(ending.Code == 0, ending.ToString());
            return ending.Output;
        }

        public async Task<JsonElement> RunJsonAsync(params string[] arguments)
        {
            using var document = JsonDocument.Parse(string.Join('\n', await RunAsync([.. arguments, "--json"])));
            return document.RootElement.Clone();
        }

        public async Task FailAsync(params string[] arguments)
        {
            var ending = await StartAsync(arguments);
            Assert.True(ending.Code == 1, ending.ToString());
            Assert.StartsWith("kimura: ", ending.Errors[^1], StringComparison.Ordinal);
            Assert.DoesNotContain(ending.Errors, line => line.StartsWith("Traceback", StringComparison.Ordinal));
        }

        private Task<Ending> StartAsync(string[] arguments) => ChildProcess.RunAsync(
            "python3", [Repository.PathOf("kimura.py"), "--home", home, "--rpc", node.ToString(), .. arguments], Limits.Start);
    }
}
