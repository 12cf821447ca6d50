using Xunit;

namespace Kimura.Tests.Unit.Cryptography;

/// <summary>Randomness that can be had again.</summary>
internal static class Seeds
{
    /// <summary>A new source, whose seed is printed.</summary>
    public static Random New(ITestOutputHelper output)
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        return new Random(seed);
    }
}
