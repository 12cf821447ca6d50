using System.Diagnostics;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.PowerCuts;

public sealed class SlowDiskTests : IDisposable
{
    private const int WrongNonce = -32002;
    private const int PoolFull = -32006;
    private const int Limit = 40;
    private const int SyncMilliseconds = 500;
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 180_000)]
    public async Task Disk_whose_syncs_take_half_a_second_slows_answers_down_and_changes_none()
    {
        var library = await PowerCutLibrary.PathAsync();
        var disk = Directory.CreateDirectory(_folder.PathOf("disk")).FullName;
        var environment = PowerCutLibrary.WatchOf(library, disk, _folder.PathOf("journal"));
        environment["POWERCUT_SYNC_MS"] = $"{SyncMilliseconds}";
        await using var node = NodeProcess.Launch(
            ["--test-mode", "--db-path", Path.Combine(disk, "data"), "--rpc-port", "0", "--pending-limit", $"{Limit}"], environment);
        await node.ReadyAsync();
        using var rpc = node.Client();
        using var first = new Sender();
        using var second = new Sender();
        var before = await rpc.HeightAsync();

        var answers = await Task.WhenAll(SubmitAsync(node, first, batches: 4, size: 1), SubmitAsync(node, second, batches: 4, size: Limit));

        Assert.All(answers.SelectMany(answer => answer.Times), took => Assert.True(took >= TimeSpan.FromMilliseconds(SyncMilliseconds), $"answered after {took}"));
        Assert.True(answers.Sum(answer => answer.Refused) > 0, "the pool never was full");
        Assert.True(await rpc.HeightAsync() > before + 1, "no blocks");
        await rpc.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(rpc);
        Assert.All(answers.SelectMany(answer => answer.Answered), message => Assert.Contains(message.Id, chain.Messages));
        Assert.Equal(answers.Sum(answer => answer.Answered.Count), chain.Messages.Count);
    }

    // Batches one after the other, each tried again until it is taken as a whole.
    private static async Task<(List<SignedMessage> Answered, List<TimeSpan> Times, int Refused)> SubmitAsync(NodeProcess node, Sender sender, int batches, int size)
    {
        using var rpc = node.Client();
        var (answered, times, refused) = (new List<SignedMessage>(), new List<TimeSpan>(), 0);
        for (var batch = 0; batch < batches; batch++)
        {
            var open = sender.Sign(size, "slow").ToList();
            while (open.Count > 0)
            {
                var started = Stopwatch.GetTimestamp();
                var results = await rpc.CallAsync("submit_messages", new { messages = open.Select(message => message.ToParameters()) });
                List<RpcError?> errors = [.. results.EnumerateArray().Select(result => result.TryGetProperty("error", out var error) ? RpcError.Read(error) : null)];
                if (errors.Exists(error => error is null))
                {
                    times.Add(Stopwatch.GetElapsedTime(started));
                }

                // The first that finds the pool full, and with it what builds on its nonce.
                Assert.All(errors, error => Assert.True(error is null or { Code: PoolFull or WrongNonce }, error?.ToString()));
                var full = errors.OfType<RpcError>().Where(error => error.Code == PoolFull).ToList();
                Assert.All(full, error => Assert.True(error.Data!.Value.GetProperty("retry_after_ms").GetInt32() > 0));
                refused += full.Count;
                answered.AddRange(open.Where((_, i) => errors[i] is null));
                open = [.. open.Where((_, i) => errors[i] is not null)];
            }
        }

        return (answered, times, refused);
    }
}
