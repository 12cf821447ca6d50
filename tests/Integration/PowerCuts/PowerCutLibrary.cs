using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.PowerCuts;

/// <summary><c>powercut.c</c>, built once for a run of tests, and what a process needs to be watched by it.</summary>
internal static class PowerCutLibrary
{
    private static readonly Lazy<Task<string>> Built = new(BuildAsync);

    /// <summary>Where the library is; the test is skipped where there is no compiler, and fails where it does not build.</summary>
    public static async Task<string> PathAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the preload library is for Linux");
        Assert.SkipUnless(
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "cc"))),
            "there is no C compiler (Debian and Ubuntu: apt-get install gcc libc6-dev)");
        return await Built.Value;
    }

    public static Dictionary<string, string> WatchOf(string library, string directory, string journal) => new()
    {
        ["LD_PRELOAD"] = library,
        ["POWERCUT_DIRECTORY"] = directory,
        ["POWERCUT_JOURNAL"] = journal,
    };

    private static async Task<string> BuildAsync()
    {
        var library = Path.Combine(AppContext.BaseDirectory, "powercut.so");
        var source = Repository.PathOf("tests", "Integration", "PowerCuts", "powercut.c");
        var ending = await ChildProcess.RunAsync(
            "cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", library, source, "-ldl", "-lpthread"], Limits.Start);
        Assert.True(ending.Code == 0, ending.ToString());
        return library;
    }
}
