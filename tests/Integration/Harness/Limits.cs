namespace Kimura.Tests.Integration.Harness;

/// <summary>How long anything may take before a test gives up: generous, for machines that do other work at the same time.</summary>
internal static class Limits
{
    public static readonly TimeSpan Start = TimeSpan.FromSeconds(60);

    public static readonly TimeSpan Exit = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan Call = TimeSpan.FromSeconds(20);
}
