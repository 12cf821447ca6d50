using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Kimura.Tests.Unit.Architecture;

/// <summary>
/// A suppression that suppresses nothing is an error. The compiler's diagnostics log (ErrorLog in Directory.Build.props) names every
/// diagnostic that the source suppressed; IDE0079, which would say the same, does not run in a build.
/// </summary>
public sealed partial class SuppressionTests
{
    [Fact]
    public void Every_suppression_suppresses_something()
    {
        var needless = SourceFiles.With(".cs")
            .SelectMany(file => Suppressed(file).Select(rule => (file, rule)))
            .Where(one => !Suppressions(ProjectOf(one.file.Path)).Contains((Path.GetFileName(one.file.Path), one.rule)))
            .Select(one => $"{one.file.Path}: {one.rule} is suppressed and never given");
        Assert.Empty(needless);
    }

    private static IEnumerable<string> Suppressed(SourceFile file) => Suppression().Matches(file.Text)
        .SelectMany(found => found.Groups["rule"].Value.Split(',', StringSplitOptions.TrimEntries));

    private static HashSet<(string File, string Rule)> Suppressions(string project)
    {
        var path = Path.Combine(Repository.OutputOf(project, "obj"), "diagnostics.sarif");
        Assert.True(File.Exists(path), $"{path} is missing: build {project} anew");
        using var log = JsonDocument.Parse(File.ReadAllBytes(path));
        return log.RootElement.GetProperty("runs")[0].GetProperty("results").EnumerateArray()
            .Where(result => result.TryGetProperty("suppressions", out _))
            .SelectMany(result => result.GetProperty("locations").EnumerateArray().Select(place => (FileOf(place), result.GetProperty("ruleId").GetString()!)))
            .ToHashSet();
    }

    private static string FileOf(JsonElement place) =>
        Path.GetFileName(place.GetProperty("physicalLocation").GetProperty("artifactLocation").GetProperty("uri").GetString()!);

    private static string ProjectOf(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        while (Directory.GetFiles(Repository.PathOf(folder), "*.csproj").Length == 0)
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    [GeneratedRegex(@"^\s*#pragma\s+warning\s+disable\s+(?<rule>\w+(\s*,\s*\w+)*)|SuppressMessage\(""[^""]*"",\s*""(?<rule>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Suppression();
}
