using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Integration.PowerCuts;
using Xunit;

namespace Kimura.Tests.Integration.Crashing;

/// <summary>
/// A leader that is killed again and again under load from several clients, with the power going in some of the plans. After every start, and over the whole
/// chain at the end: all that was answered and shown is there, nothing twice. One implementation for the tests and for <c>blockchain.py soak</c>.
/// </summary>
internal sealed class Soak : IDisposable
{
    // Of every signature: a long soak has hundreds of thousands.
    private static readonly TimeSpan LongestCheck = TimeSpan.FromMinutes(10);

    private readonly SoakPlan _plan;
    private readonly Action<string> _say;
    private readonly string? _library;
    private readonly Random _random;
    private readonly TempDirectory _folder = new();
    private readonly Reachable _reachable = new();
    private readonly StubbornClient[] _clients;
    private readonly List<double> _startTimes = [];
    private readonly List<double> _fullCheckTimes = [];
    private int _endedEarly;
    private int _lastEntries;

    private Soak(SoakPlan plan, Action<string> say, string? library)
    {
        _plan = plan;
        _say = say;
        _library = library;
        _random = new Random(plan.Seed);
        _clients = [.. Enumerable.Range(0, plan.Clients).Select(_ => new StubbornClient(_reachable, _random.Next()))];
        Directory.CreateDirectory(Disk);
    }

    private string Disk => _folder.PathOf("disk");

    private string Data => Path.Combine(Disk, "data");

    /// <summary>Carries a plan out; <paramref name="say"/> is told how it goes.</summary>
    public static async Task RunAsync(SoakPlan plan, Action<string> say)
    {
        say($"seed {plan.Seed}");
        using var soak = new Soak(plan, say, plan.CutsPower ? await PowerCutLibrary.PathAsync() : null);
        await soak.RunAsync();
    }

    public void Dispose()
    {
        Array.ForEach(_clients, client => client.Dispose());
        _folder.Dispose();
    }

    private async Task RunAsync()
    {
        await GrowAsync();
        var running = Task.WhenAll(_clients.Select(client => client.RunAsync()));
        for (var round = 0; round < _plan.Rounds; round++)
        {
            await RunRoundAsync(round);
            Assert.True(!running.IsCompleted, running.Exception?.ToString());
            if ((round + 1) % 50 == 0 && round + 1 < _plan.Rounds)
            {
                Report(round + 1);
            }
        }

        await using var last = Launch("--verify", "full");
        await last.ReadyAsync(LongestCheck);
        await CheckRestartAsync(last);
        _reachable.Up(last.Address);
        Array.ForEach(_clients, client => client.Stop());
        await running.WaitAsync(Limits.Step);
        await CheckChainAsync(last);
    }

    private async Task GrowAsync()
    {
        if (_plan.Height == 0)
        {
            return;
        }

        await using var node = Launch();
        await node.ReadyAsync();
        using var rpc = node.Client();
        await rpc.HeightAsync(_plan.Height, TimeSpan.FromMilliseconds(100.0 * _plan.Height));
        _say($"{await rpc.HeightAsync()} blocks before the first round");
        var ending = await node.EndAsync(Signals.Terminate);
        Assert.True(ending.Code == 0, ending.ToString());
    }

    private NodeProcess Launch(params string[] options) => NodeProcess.Launch(OptionsWith(options));

    private string[] OptionsWith(params string[] options) =>
        ["--block-interval-ms", $"{_plan.IntervalMilliseconds}", "--db-path", Data, "--rpc-port", "0", "--rate-limit", "0", .. options];

    private async Task RunRoundAsync(int round)
    {
        var isFull = round % _plan.FullCheckEvery == _plan.FullCheckEvery - 1;
        string[] verify = isFull ? ["--verify", "full"] : [];
        var disk = _library is null ? null : PowerCutDisk.Load(Disk);
        var journal = _folder.PathOf("journal");
        var stopAt = disk is not null && _random.Next(2) == 0 ? _random.Next(1, Math.Max(_lastEntries, 100)) : 0;
        await using (var node = NodeProcess.Launch(OptionsWith(verify), disk is null ? null : WatchOf(journal, stopAt)))
        {
            var isEarly = stopAt == 0 && _startTimes.Count > 0 && _random.Next(6) == 0;
            if (isEarly)
            {
                // While it opens, checks or begins to answer: a kill must not be the end of a later start either.
                await Task.Delay(_random.Next(1, (int)_startTimes.Max()));
            }
            else if (await node.TryReadyAsync(isFull ? LongestCheck : null))
            {
                (isFull ? _fullCheckTimes : _startTimes).Add(node.TimeToReady.TotalMilliseconds);
                await UseAsync(node, stopAt > 0);
            }

            _endedEarly += node.Address is null ? 1 : 0;
            var ending = await node.KillAsync();
            Assert.True(ending.Code == 128 + Signals.Kill, $"round {round}: the node ended before it was killed: {ending}");
        }

        if (disk is not null)
        {
            disk.Replay(journal);
            _lastEntries = disk.Entries;
            disk.CutPower(_random);
            File.Delete(journal);
        }
    }

    private Dictionary<string, string> WatchOf(string journal, int stopAt)
    {
        var watch = PowerCutLibrary.WatchOf(_library!, Disk, journal);
        if (stopAt > 0)
        {
            watch["POWERCUT_STOP_AT"] = $"{stopAt}";
        }

        return watch;
    }

    private async Task UseAsync(NodeProcess node, bool mayEnd)
    {
        try
        {
            await CheckRestartAsync(node);
            _reachable.Up(node.Address);
            await Task.Delay(_random.Next(_plan.LongestRun));
        }
        catch (HttpRequestException) when (mayEnd)
        {
            // It was stopped at its entry of the journal while it was being asked.
        }
        finally
        {
            _reachable.Down();
        }
    }

    // All that was answered and all that was shown in the rounds before is still there, before the clients go on.
    private async Task CheckRestartAsync(NodeProcess node)
    {
        using var rpc = node.Client();
        var verified = await node.LoggedNumberAsync("Chain integrity verified:");
        foreach (var client in _clients)
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

    private async Task CheckChainAsync(NodeProcess node)
    {
        using var rpc = node.Client();
        await rpc.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(rpc);
        foreach (var client in _clients)
        {
            // The walk has checked that no id is there twice and that nonces have no gap.
            Assert.All(client.Answered, message => Assert.Contains(message.Id, chain.Messages));
            Assert.Equal(client.Sender.NextNonce, chain.NextNonce(client.Sender.PublicKey));
            Assert.Equal((int)client.Sender.NextNonce, client.Answered.Count);
        }

        Assert.Equal(_clients.Sum(client => client.Answered.Count), chain.Messages.Count);
        Report(_plan.Rounds);
        _say($"at the end {chain.Blocks.Count} blocks, {chain.Messages.Count} messages, each answered one in exactly one block: 0 lost, 0 doubled");
    }

    private void Report(int rounds)
    {
        var sorted = _startTimes.Order().ToList();
        _say(
            $"{rounds} {(_plan.CutsPower ? "power cuts" : "kills")}, {_endedEarly} of them during the start; {_clients.Sum(client => (long)client.AnsweredNonce)} messages answered, "
            + $"{_clients.Sum(client => client.Retries)} submissions tried again; start to ready: "
            + $"p50 {sorted[sorted.Count / 2]:F0} ms, p99 {sorted[(int)(sorted.Count * 0.99)]:F0} ms"
            + (_fullCheckTimes.Count > 0 ? $"; with every signature checked again {_fullCheckTimes.Count} times, at most {_fullCheckTimes.Max():F0} ms" : ""));
    }
}
