using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Kimura.Tests.Unit.Chain;

/// <summary>Property tests with a seed that is printed, and repeated when KIMURA_SEED names it.</summary>
internal static class Properties
{
    private const string Variable = "KIMURA_SEED";

    /// <summary>Calls <paramref name="holds"/>, which asserts, with <paramref name="count"/> values.</summary>
    public static void Check<T>(ITestOutputHelper output, Gen<T> values, int count, Action<T> holds)
    {
        var text = Environment.GetEnvironmentVariable(Variable);
        var seed = string.IsNullOrEmpty(text) ? (ulong)Random.Shared.NextInt64() : ulong.Parse(text);
        output.WriteLine($"{Variable}={seed}");
        var config = Config.QuickThrowOnFailure.WithMaxTest(count).WithReplay(seed, 1);
        FsCheck.Fluent.Prop.ForAll(values.ToArbitrary(), holds).Check(config);
    }
}
