using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Kimura.Tests.Integration.Running;
using Xunit;

namespace Kimura.Tests.Integration.Flipping;

/// <summary>
/// Flipped bits in every kind of file of a peer whose neighbours are healthy. The long form: KIMURA_TEST_FLIPS=1000. A failure is
/// seen again with KIMURA_TEST_FLIP_SEED and KIMURA_TEST_FLIP_ONLY set to what it names.
/// </summary>
[Collection(nameof(Alone))]
public sealed class FlippedBitTests(HealthyNetwork network, ITestOutputHelper output) : IClassFixture<HealthyNetwork>
{
    private const int SideBySide = 4;

    [Fact]
    public async Task Flipped_bit_in_any_file_of_a_peer_is_harmless_or_mended_and_no_wrong_byte_is_served()
    {
        var count = Number("KIMURA_TEST_FLIPS") ?? 30;
        var seed = Number("KIMURA_TEST_FLIP_SEED") ?? Random.Shared.Next();
        var only = Number("KIMURA_TEST_FLIP_ONLY");
        output.WriteLine($"seed {seed}, {count} flips, {network.Answers.Count} answers each");
        var started = Stopwatch.GetTimestamp();
        var done = new ConcurrentBag<FlipCase>();
        var failed = new ConcurrentBag<string>();
        var numbers = only is { } one ? [one] : Enumerable.Range(0, count);
        await Parallel.ForEachAsync(numbers, new ParallelOptions { MaxDegreeOfParallelism = SideBySide }, async (number, _) =>
        {
            var flip = new FlipCase(network, seed, number);
            try
            {
                await flip.RunAsync();
                done.Add(flip);
            }
            catch (Exception exception)
            {
                failed.Add($"KIMURA_TEST_FLIP_SEED={seed} KIMURA_TEST_FLIP_ONLY={number}: {flip.What}: {exception}");
            }
        });

        foreach (var kind in done.GroupBy(flip => flip.Kind, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{kind.Key}: {kind.Count()} flips, {kind.Count(flip => flip.WasSeen)} seen and mended, the others harmless");
        }

        output.WriteLine($"{done.Count} of {done.Count + failed.Count} well, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
        Assert.True(failed.IsEmpty, string.Join("\n\n", failed));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
