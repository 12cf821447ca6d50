using System.Diagnostics;
using System.Globalization;
using Kimura.Tests.Integration.Crashing;
using Kimura.Tests.Integration.Harness;
using Kimura.Tests.Unit.Cluster.Postgres;
using Xunit;

namespace Kimura.Tests.Integration.Cluster;

/// <summary>
/// Three silo processes and a gateway in a process of its own over a real PostgreSQL, the leading silo killed again and again while
/// clients submit through the gateway.
/// </summary>
public sealed class FailoverTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 10;

    // A killed silo is declared dead, the leader comes up on another, and makes a block: generous, for machines that do other work at the same time.
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _folder = new();
    private readonly Reachable _reachable = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 560_000)]
    public async Task Nothing_answered_is_lost_or_doubled_when_the_leading_silo_is_killed_ten_times()
    {
        Assert.SkipUnless(Engine.HasTransport, Engine.NeedsTransport);
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartNewAsync();
        await using var silos = new SiloCluster(_folder, await server.CreateDatabaseAsync(withTables: false));
        await silos.MigrateAsync();
        await silos.StartAsync();
        await using var gateway = await GatewayProcess.StartAsync(silos.Environment, "--retry-for-ms", "15000");
        _reachable.Up(gateway.Address);
        using var first = new StubbornClient(_reachable, seed: 1);
        using var second = new StubbornClient(_reachable, seed: 2);
        StubbornClient[] clients = [first, second];
        var running = Task.WhenAll(clients.Select(client => client.RunAsync()));

        List<double> gaps = [];
        for (var kill = 0; kill < Kills; kill++)
        {
            await AnsweredAsync(clients, silos, running);
            gaps.Add(await FailOverAsync(silos));
            Assert.True(!running.IsCompleted, $"{running.Exception}\n{silos.Report()}");
        }

        await AnsweredAsync(clients, silos, running);
        Array.ForEach(clients, client => client.Stop());
        await running.WaitAsync(Recovery);
        await CheckAsync(gateway, silos, clients);
        gaps.Sort();
        output.WriteLine(
            $"{Kills} kills of the leading silo; {clients.Sum(client => client.Answered.Count)} messages answered, {clients.Sum(client => client.Retries)} submissions tried again by clients; "
            + $"{silos.Expulsions} silos declared dead although they lived; from the kill to the next block: p50 {gaps[gaps.Count / 2]:F0} ms, worst {gaps[^1]:F0} ms");
    }

    // Every client is answered again: the cluster works, before its leader is killed once more.
    private static async Task AnsweredAsync(StubbornClient[] clients, SiloCluster silos, Task running)
    {
        foreach (var client in clients)
        {
            var before = client.AnsweredNonce;
            try
            {
                await Eventually.HoldsAsync(
                    async () =>
                    {
                        await silos.ReviveAsync();
                        return client.AnsweredNonce >= before + 20 || running.IsCompleted;
                    },
                    "clients are answered",
                    Recovery);
            }
            catch (TimeoutException late)
            {
                Assert.Fail($"{late.Message}\n{silos.Report()}");
            }
        }
    }

    // From the kill of the leading silo to the next block, in milliseconds; the silo is started again.
    private static async Task<double> FailOverAsync(SiloCluster silos)
    {
        var leading = silos.Leading;
        var killed = Stopwatch.GetTimestamp();
        await silos.KillAsync(leading);
        var other = 1 - leading;
        await silos.ReviveAsync();
        var before = silos.Produced(other);
        try
        {
            await Eventually.HoldsAsync(
                async () =>
                {
                    await silos.ReviveAsync();
                    return silos.Produced(other) > before;
                },
                "the other silo leads",
                Recovery);
        }
        catch (TimeoutException late)
        {
            Assert.Fail($"{late.Message}\n{silos.Report()}");
        }

        var gap = Stopwatch.GetElapsedTime(killed).TotalMilliseconds;
        await silos.StartAsync(leading);
        return gap;
    }

    private static async Task CheckAsync(GatewayProcess gateway, SiloCluster silos, StubbornClient[] clients)
    {
        using var rpc = new RpcClient(gateway.Address);
        ulong last = 0;
        foreach (var client in clients)
        {
            last = Math.Max(last, await ConfirmedAsync(rpc, client.Answered[^1]));
        }

        // Only then is it the same whom of them the gateway asks.
        for (var index = 0; index < 3; index++)
        {
            using var silo = silos.Client(index);
            await silo.HeightAsync(last);
        }

        var chain = await WalkedChain.WalkAsync(rpc);
        foreach (var client in clients)
        {
            // The walk has checked that no id is there twice and that nonces have no gap.
            Assert.All(client.Answered, message => Assert.Contains(message.Id, chain.Messages));
            Assert.Equal(client.Sender.NextNonce, chain.NextNonce(client.Sender.PublicKey));
        }

        Assert.Equal(clients.Sum(client => client.Answered.Count), chain.Messages.Count);
        var tip = (await rpc.CallAsync("get_height")).GetProperty("height").GetUInt64();
        for (var index = 0; index < 3; index++)
        {
            using var silo = silos.Client(index);
            await silo.HeightAsync(tip);
            Assert.Equal(
                (await rpc.CallAsync("get_block", new { height = tip })).GetProperty("hash").GetString(),
                (await silo.CallAsync("get_block", new { height = tip })).GetProperty("hash").GetString());
        }
    }

    // The height of a message's block: a sender's messages are confirmed in their order, so this is the last one of all.
    private static async Task<ulong> ConfirmedAsync(RpcClient rpc, SignedMessage message)
    {
        var confirmed = await Eventually.ValueAsync(
            async () => await rpc.CallAsync("get_message", new { message_id = message.Id.ToString() }) is var found && found.GetProperty("status").GetString() == "confirmed"
                ? found.GetProperty("height").GetRawText()
                : null,
            "the last answered message is in a block",
            Recovery);
        return ulong.Parse(confirmed, CultureInfo.InvariantCulture);
    }
}
