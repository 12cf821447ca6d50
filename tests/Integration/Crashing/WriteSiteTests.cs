using System.Globalization;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Crashing;

/// <summary>
/// The walk over all write sites of a node's first life (made, submitted to, a block committed, stopped) and of its second: the process is stopped, or the
/// write fails, before and after each of them. What was answered is there afterwards, once, and the next start needs no help.
/// </summary>
public sealed class WriteSiteTests(ITestOutputHelper output)
{
    private const string Variable = "KIMURA_WRITE_FAULT";

    private const int Together = 2;

    [Fact(Timeout = 1_800_000)]
    public async Task Nothing_answered_is_lost_or_doubled_by_a_fault_at_any_write_site()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("KIMURA_SITES_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? given
            : Random.Shared.Next(1, int.MaxValue);
        var random = new Random(seed);
        using var made = new TempDirectory();
        var first = await TraceAsync(made.PathOf("data"));
        TempDirectory.Copy(made.PathOf("data"), made.PathOf("copy"));
        var second = await TraceAsync(made.PathOf("copy"));
        var all = CasesOf(first, "").Concat(CasesOf(second, made.PathOf("data"))).ToList();
        output.WriteLine(
            $"seed {seed}: {first.Count} write sites in a node's first life, {second.Count} in its second; "
            + $"stopped and failed before and after each: {all.Count} runs; their names: {string.Join(", ", first.Concat(second).Distinct().Order(StringComparer.Ordinal))}");

        var isAll = Environment.GetEnvironmentVariable("KIMURA_ALL_SITES") == "1";

        // A run is two starts of a node, and all of them a matter of minutes: else one is drawn of every kind of site and what happens there.
        var cases = isAll ? all : [.. all.OrderBy(_ => random.Next()).DistinctBy(fault => (fault.Site, fault.IsStop))];
        var struck = 0;
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = Together }, async (fault, _) =>
        {
            Interlocked.Add(ref struck, await RunAsync(fault) ? 1 : 0);
        });
        output.WriteLine($"{cases.Count} runs, the fault struck in {struck}: 0 lost, 0 doubled");

        // How many empty blocks a life has is a matter of time: the last sites of a trace may not come.
        Assert.True(struck >= cases.Count * 3 / 4, $"the fault struck in {struck} of {cases.Count} runs only");
    }

    private static IEnumerable<Case> CasesOf(List<string> sites, string start) =>
        from number in Enumerable.Range(1, sites.Count)
        from act in new[] { "stop", "fail" }
        from moment in new[] { "before", "after" }
        select new Case($"{act}:{moment}:{number}", sites[number - 1], start);

    // One life without a fault: its sites, in order.
    private static async Task<List<string>> TraceAsync(string data)
    {
        const string Mark = "before: ";
        using var sender = new Sender();
        var (ending, answered) = await LiveAsync(data, "trace", sender);
        Assert.True(ending.Code == 0 && answered.Count > 0, ending.ToString());
        return [.. ending.Errors
            .Where(line => line.StartsWith("write site ", StringComparison.Ordinal) && line.Contains(Mark, StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)..])];
    }

    /// <summary>A life with the fault, and one after it in which all is checked; whether the fault struck.</summary>
    private static async Task<bool> RunAsync(Case fault)
    {
        using var folder = new TempDirectory();
        var data = folder.PathOf("data");
        if (fault.Start.Length > 0)
        {
            TempDirectory.Copy(fault.Start, data);
        }

        using var sender = new Sender();
        var (ending, answered) = await LiveAsync(data, fault.Plan, sender);
        var struck = ending.Errors.Any(line => line.StartsWith("write site ", StringComparison.Ordinal));
        Assert.True(
            !struck ? ending.Code == 0 : fault.IsStop ? ending.Code == 128 + Signals.Kill : ending.Code is 0 or 2 or 5,
            $"{fault}: {ending}");

        await using var again = NodeProcess.Launch(OptionsOf(data));
        if (!await again.TryReadyAsync())
        {
            Assert.Fail($"{fault}: {ending}\nand then {await again.EndAsync()}");
        }

        using var rpc = again.Client();
        var next = await rpc.NonceAsync(sender);
        Assert.True(next >= (ulong)answered.Count && next <= sender.NextNonce, $"{fault}: {answered.Count} answered, the next nonce is {next}");
        await rpc.SubmitAsync(sender.SignAt(next, "after the fault"));
        await rpc.NothingPendingAsync();
        var chain = await WalkedChain.WalkAsync(rpc);
        Assert.All(answered, message => Assert.True(chain.Messages.ContainsKey(message.Id), $"{fault}: message {message.Nonce} was answered and is lost"));
        Assert.Equal(next + 1, chain.NextNonce(sender.PublicKey));
        var last = await again.EndAsync(Signals.Terminate);
        Assert.True(last.Code == 0, $"{fault}: {last}");
        return struck;
    }

    // Started, submitted to twice with a block after each, stopped; or as far as it gets.
    private static async Task<(Ending Ending, List<SignedMessage> Answered)> LiveAsync(string data, string plan, Sender sender)
    {
        var answered = new List<SignedMessage>();
        await using var node = NodeProcess.Launch(OptionsOf(data), new Dictionary<string, string> { [Variable] = plan });
        if (await node.TryReadyAsync())
        {
            using var rpc = node.Client();
            try
            {
                for (var i = 0; i < 2; i++)
                {
                    var message = sender.Sign($"message {i}");
                    if ((await rpc.SendAsync("submit_message", message.ToParameters())).Error is not null)
                    {
                        break;
                    }

                    answered.Add(message);
                    await rpc.NothingPendingAsync();
                }

                node.Signal(Signals.Terminate);
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or System.ComponentModel.Win32Exception)
            {
                // It has ended, or is about to.
            }
        }

        return (await node.EndAsync(), answered);
    }

    private static string[] OptionsOf(string data) => ["--block-interval-ms", "300", "--db-path", data, "--rpc-port", "0"];

    private sealed record Case(string Plan, string Site, string Start)
    {
        public bool IsStop => Plan.StartsWith("stop", StringComparison.Ordinal);
    }
}
