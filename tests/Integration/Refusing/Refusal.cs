using System.Text.RegularExpressions;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Refusing;

/// <summary>What a node that refuses to run owes its user: an exit code and one line.</summary>
internal static partial class Refusal
{
    public const int BadOption = 2;
    public const int DatabaseRefused = 3;
    public const int PortOrLockTaken = 4;
    public const int StorageFailed = 5;

    /// <summary>Checks code and form of a refusal and gives its line.</summary>
    public static string LineOf(Ending ending, int code)
    {
        Assert.True(ending.Code == code, $"expected exit code {code}: {ending}");
        Assert.DoesNotContain(ending.Output, line => line.Contains("ready", StringComparison.Ordinal));
        return PlainLineOf(ending);
    }

    /// <summary>The one line that is no log entry.</summary>
    public static string PlainLineOf(Ending ending)
    {
        var plain = ending.Errors.Where(line => !LogPattern().IsMatch(line)).ToList();
        Assert.True(plain.Count == 1 && plain[0].Length is > 10 and < 600, ending.ToString());
        Assert.DoesNotContain("Exception", plain[0], StringComparison.Ordinal);
        return plain[0];
    }

    /// <summary>The line begins with the block's height.</summary>
    public static void AssertNames(ulong height, string line) =>
        Assert.True(line.StartsWith($"block {height}:", StringComparison.Ordinal) || line.StartsWith($"block {height} ", StringComparison.Ordinal), line);

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}T\S+Z (info|warn|fail|crit) [\w.]+: ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LogPattern();
}
