using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Crashing;

[Trait("Seed", "test_crash_recovery_no_data_loss")]
public sealed class CrashTests(ITestOutputHelper output) : IDisposable
{
    private const int Rounds = 50;
    private const int LongestRun = 400;

    private readonly TempDirectory _folder = new();
    private readonly Reachable _reachable = new();
    private readonly List<double> _startTimes = [];
    private int _killedEarly;

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 300_000)]
    public async Task Nothing_answered_is_lost_or_doubled_by_fifty_kills_at_random_moments()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var first = new StubbornClient(_reachable, random.Next());
        using var second = new StubbornClient(_reachable, random.Next());
        StubbornClient[] clients = [first, second];
        var running = Task.WhenAll(clients.Select(client => client.RunAsync()));
        for (var round = 0; round < Rounds; round++)
        {
            await RunRoundAsync(round, random, clients);
            Assert.True(!running.IsCompleted, running.Exception?.ToString());
        }

        await using var last = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"), "--rate-limit", "0", "--verify", "full");
        _reachable.Up(last.Address);
        Array.ForEach(clients, client => client.Stop());
        await running.WaitAsync(Limits.Step);
        await CheckChainAsync(last, clients);
        Report(clients);
    }

    private async Task RunRoundAsync(int round, Random random, StubbornClient[] clients)
    {
        string[] verify = round % 10 == 9 ? ["--verify", "full"] : [];
        var isEarly = round > 0 && random.Next(6) == 0;
        await using var node = NodeProcess.Launch(
            ["--test-mode", "--db-path", _folder.PathOf("data"), "--rpc-port", "0", "--rate-limit", "0", .. verify]);
        if (isEarly)
        {
            // While it opens, checks or begins to answer: a kill must not be the end of a later start either.
            _killedEarly++;
            await Task.Delay(random.Next(1, (int)_startTimes.Max()));
        }
        else
        {
            await node.ReadyAsync();
            _startTimes.Add(node.TimeToReady.TotalMilliseconds);
            await CheckRestartAsync(node, clients);
            _reachable.Up(node.Address);
            await Task.Delay(random.Next(LongestRun));
            _reachable.Down();
        }

        var ending = await node.EndAsync(Signals.Kill);
        Assert.True(ending.Code == 128 + Signals.Kill, $"round {round}: the node ended before it was killed: {ending}");
    }

    // All that was answered and all that was shown in the rounds before is still there, before the clients go on.
    private static async Task CheckRestartAsync(NodeProcess node, StubbornClient[] clients)
    {
        using var rpc = node.Client();
        var verified = await node.LoggedNumberAsync("Chain integrity verified:");
        foreach (var client in clients)
        {
            Assert.InRange(await rpc.NonceAsync(client.Sender), client.AnsweredNonce, client.Sender.NextNonce);
            if (client.Seen.Height > 0)
            {
                Assert.True(client.Seen.Height < verified, $"block {client.Seen.Height} was shown, {verified} blocks are there");
                var block = await rpc.CallAsync("get_block", new { height = client.Seen.Height });
                Assert.Equal(client.Seen.Hash, block.GetProperty("hash").GetString());
            }
        }
    }

    private static async Task CheckChainAsync(NodeProcess node, StubbornClient[] clients)
    {
        using var rpc = node.Client();
        await rpc.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(rpc);
        foreach (var client in clients)
        {
            // The walk has checked that no id is there twice and that nonces have no gap.
            Assert.All(client.Answered, message => Assert.Contains(message.Id, chain.Messages));
            Assert.Equal(client.Sender.NextNonce, chain.NextNonce(client.Sender.PublicKey));
            Assert.Equal((int)client.Sender.NextNonce, client.Answered.Count);
        }

        Assert.Equal(clients.Sum(client => client.Answered.Count), chain.Messages.Count);
    }

    private void Report(StubbornClient[] clients)
    {
        _startTimes.Sort();
        output.WriteLine(
            $"{Rounds} kills, {_killedEarly} of them during the start; {clients.Sum(client => client.Answered.Count)} messages answered, "
            + $"{clients.Sum(client => client.Retries)} submissions tried again; start to ready: "
            + $"p50 {_startTimes[_startTimes.Count / 2]:F0} ms, p99 {_startTimes[(int)(_startTimes.Count * 0.99)]:F0} ms");
    }
}
