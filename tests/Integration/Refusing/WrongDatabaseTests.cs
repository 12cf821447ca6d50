using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Refusing;

/// <summary>A database that is whole, and not the one that belongs here.</summary>
public sealed class WrongDatabaseTests(DatabaseCopies copies) : IClassFixture<DatabaseCopies>, IDisposable
{
    private readonly TempDirectory _folder = new();

    private string Data => _folder.PathOf("data");

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    public async Task Older_copy_is_refused_until_the_loss_is_accepted()
    {
        TempDirectory.Copy(copies.Stopped, Data);
        var tip = (await RawDatabase.ReadBlocksAsync(Data))[^1].Height;
        Directory.Delete(RawDatabase.DirectoryOf(Data), recursive: true);
        TempDirectory.Copy(RawDatabase.DirectoryOf(copies.Older), RawDatabase.DirectoryOf(Data));

        for (var again = 0; again < 2; again++)
        {
            var line = Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused);
            Assert.Contains($"signed block {tip}", line, StringComparison.Ordinal);
            Assert.Contains("lost", line, StringComparison.Ordinal);
            Assert.Contains("--accept-lost-blocks", line, StringComparison.Ordinal);
        }

        await using (var node = await NodeProcess.StartTestModeAsync(Data, "--accept-lost-blocks"))
        {
            Assert.True(await node.LoggedNumberAsync("Leader resuming from height") <= tip);
            using var rpc = node.Client();
            await rpc.HeightAsync(tip + 3);
            await WalkedChain.WalkAsync(rpc);
            Assert.Equal(0, (await node.EndAsync(Signals.Terminate)).Code);
        }

        await using var later = await NodeProcess.StartTestModeAsync(Data);
    }

    [Fact(Timeout = 120_000)]
    public async Task Lost_database_is_refused()
    {
        TempDirectory.Copy(copies.Stopped, Data);
        Directory.Delete(RawDatabase.DirectoryOf(Data), recursive: true);

        Assert.Contains("lost", Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused), StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Database_of_another_chain_is_refused()
    {
        TempDirectory.Copy(copies.Stopped, Data);
        var withId = Refusal.LineOf(await StartAsync("--chain-id", "another"), Refusal.DatabaseRefused);
        Assert.Contains("another", withId, StringComparison.Ordinal);

        var named = _folder.PathOf("named");
        await using (var node = await NodeProcess.StartTestModeAsync(named, "--chain-id", "this-one"))
        {
            await node.EndAsync(Signals.Terminate);
        }

        var other = Refusal.LineOf(await RunAsync(named, "--chain-id", "another"), Refusal.DatabaseRefused);
        Assert.Contains("this-one", other, StringComparison.Ordinal);
        var none = Refusal.LineOf(await RunAsync(named), Refusal.DatabaseRefused);
        Assert.Contains("--chain-id this-one", none, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Chain_of_another_leaders_key_is_refused()
    {
        TempDirectory.Copy(copies.Stopped, Data);
        File.Delete(Path.Combine(Data, "leader.key"));
        File.Delete(Path.Combine(Data, "leader.key.guard"));

        var line = Refusal.LineOf(await StartAsync(), Refusal.DatabaseRefused);

        Refusal.AssertNames(1, line);
        Assert.Contains("not by the leader key", line, StringComparison.Ordinal);
    }

    private Task<Ending> StartAsync(params string[] options) => RunAsync(Data, options);

    private static Task<Ending> RunAsync(string data, params string[] options) =>
        NodeProcess.RunAsync(["--test-mode", "--db-path", data, "--rpc-port", "0", .. options]);
}
