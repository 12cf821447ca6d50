using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Refusing;

public sealed class OptionTests : IDisposable
{
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const string SomeKey = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    private readonly TempDirectory _folder = new();

    private string Data => _folder.PathOf("data");

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 60_000)]
    [InlineData("--colour", "--colour", "blue")]
    [InlineData("stray", "stray")]
    [InlineData("--rpc-port", "--rpc-port")]
    [InlineData("--rpc-port", "--rpc-port", "many")]
    [InlineData("--rpc-port", "--rpc-port", "65536")]
    [InlineData("--chain-id", "--chain-id", "Not_An_Id")]
    [InlineData("--block-interval-ms", "--block-interval-ms", "9")]
    [InlineData("--block-interval-ms", "--test-mode", "--block-interval-ms", "100")]
    [InlineData("--verify", "--verify", "perhaps")]
    [InlineData("--rpc-host", "--rpc-host", "nowhere.invalid")]
    [InlineData("--max-content", "--max-content", "65537")]
    [InlineData("--leader-key", "--leader-key", "1234")]
    [InlineData("--leader-key", "--leader-key", SomeKey)]
    [InlineData("no-such-file.key", "--key-file", "no-such-file.key")]
    [InlineData("no-such-file.json", "--config", "no-such-file.json")]
    public async Task Bad_option_is_named_in_one_line(string named, params string[] options)
    {
        var line = Refusal.LineOf(await NodeProcess.RunAsync(["--db-path", Data, .. options]), Refusal.BadOption);

        Assert.Contains(named.TrimStart('-'), line, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("{", "node.json")]
    [InlineData("[]", "node.json")]
    [InlineData("{\"rpc_port\": 0, \"rpc_port\": 1}", "rpc_port")]
    [InlineData("{\"colour\": \"blue\"}", "colour")]
    [InlineData("{\"rpc_port\": {}}", "rpc_port")]
    [InlineData("{\"rpc_port\": -1}", "rpc_port")]
    [InlineData("{\"test_mode\": \"yes\"}", "test_mode")]
    [InlineData("{\"chain_id\": \"\"}", "chain_id")]
    public async Task Bad_configuration_file_is_named_in_one_line(string text, string named)
    {
        var file = _folder.PathOf("node.json");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);

        var line = Refusal.LineOf(await NodeProcess.RunAsync("--db-path", Data, "--config", file), Refusal.BadOption);

        Assert.Contains(named, line, StringComparison.Ordinal);
        Assert.Contains("node.json", line, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Bad_environment_variable_is_named_in_one_line()
    {
        await using var node = NodeProcess.Launch(["--db-path", Data], new Dictionary<string, string> { ["KIMURA_RATE_LIMIT"] = "fast" });

        var line = Refusal.LineOf(await node.EndAsync(Limits.Start), Refusal.BadOption);

        Assert.Contains("KIMURA_RATE_LIMIT", line, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000001\n", ForAll)]
    [InlineData("not a key\n", UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000\n", UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData("", UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    public async Task Key_file_that_others_can_read_or_that_holds_no_key_is_refused(string text, UnixFileMode mode)
    {
        var file = _folder.PathOf("some.key");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(file, mode);

        var line = Refusal.LineOf(await NodeProcess.RunAsync("--db-path", Data, "--key-file", file), Refusal.BadOption);

        Assert.Contains("some.key", line, StringComparison.Ordinal);
        Assert.DoesNotContain("not a key", line, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Data_directory_that_cannot_be_made_is_refused()
    {
        var file = _folder.PathOf("file");
        await File.WriteAllTextAsync(file, "in the way", TestContext.Current.CancellationToken);

        var line = Refusal.LineOf(await NodeProcess.RunAsync("--db-path", Path.Combine(file, "data")), Refusal.BadOption);

        Assert.Contains("--db-path", line, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Command_line_wins_over_environment_and_environment_over_file()
    {
        var file = _folder.PathOf("node.json");
        await File.WriteAllTextAsync(
            file,
            $$"""{ "db_path": "{{Data}}", "rpc_port": 0, "block_interval_ms": 1000, "chain_id": "of-the-file", "max_content": 10 }""",
            TestContext.Current.CancellationToken);
        await using var node = NodeProcess.Launch(
            ["--config", file, "--chain-id", "of-the-command-line"],
            new Dictionary<string, string> { ["KIMURA_CHAIN_ID"] = "of-the-environment", ["KIMURA_BLOCK_INTERVAL_MS"] = "2000" });
        await node.ReadyAsync();
        using var rpc = node.Client();

        var status = await rpc.CallAsync("get_status");

        Assert.Equal("of-the-command-line", status.GetProperty("chain_id").GetString());
        Assert.Equal(2000, status.GetProperty("block_interval_ms").GetInt32());
        Assert.True(File.Exists(Path.Combine(Data, "leader.key")));
    }
}
