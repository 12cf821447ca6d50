using System.Globalization;
using Xunit;

namespace Kimura.Tests.Integration.Crashing;

[Trait("Seed", "test_crash_recovery_no_data_loss")]
public sealed class CrashTests(ITestOutputHelper output)
{
    private const ulong LongChain = 10_000;

    // Two leaders side by side: the one starts while the other runs.
    [Fact(Timeout = 300_000)]
    public Task Nothing_answered_is_lost_or_doubled_by_a_hundred_kills_at_random_moments() =>
        Task.WhenAll(Soak.RunAsync(Plan(rounds: 50), output.WriteLine), Soak.RunAsync(Plan(rounds: 50), output.WriteLine));

    [Fact(Timeout = 300_000)]
    public Task Nothing_answered_is_lost_or_doubled_by_ten_power_cuts() => Soak.RunAsync(Plan(rounds: 10) with { CutsPower = true }, output.WriteLine);

    /// <summary>The long forms: <c>blockchain.py soak --kills N --power-cuts N</c>.</summary>
    [Theory(Explicit = true)]
    [InlineData("KIMURA_SOAK_KILLS", false)]
    [InlineData("KIMURA_SOAK_POWER_CUTS", true)]
    public async Task Soak_of(string variable, bool cutsPower)
    {
        if (Number(variable) is var rounds && rounds == 0)
        {
            return;
        }

        await Soak.RunAsync(
            Plan(rounds) with
            {
                CutsPower = cutsPower,
                Height = cutsPower ? 0 : (ulong)(Number("KIMURA_SOAK_BLOCKS") is var blocks && blocks > 0 ? (ulong)blocks : LongChain),
                IntervalMilliseconds = cutsPower ? 50 : 10,
                Clients = 4,
                LongestRun = 400,
            },
            line => Console.Error.WriteLine($"soak: {line}"));
    }

    private static SoakPlan Plan(int rounds) => new()
    {
        Rounds = rounds,
        Seed = Number("KIMURA_SOAK_SEED") is var seed && seed > 0 ? seed : Random.Shared.Next(1, int.MaxValue),
    };

    private static int Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
