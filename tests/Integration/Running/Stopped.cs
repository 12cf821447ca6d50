using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Running;

/// <summary>What a node that is asked to stop owes (protocol section 5).</summary>
internal static class Stopped
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static void Check(Ending ending)
    {
        Assert.True(ending.Code == 0, ending.ToString());
        Assert.EndsWith("Shutdown complete", ending.Errors[^1], StringComparison.Ordinal);
        Assert.True(ending.Errors.All(line => !line.TrimStart().StartsWith("at ", StringComparison.Ordinal)), ending.ToString());
        Assert.True(ending.Took < Limit, $"the stop took {ending.Took}");
    }
}
