using Kimura.Embedded.Hosting;
using Xunit;

namespace Kimura.Tests.Unit.Embedded.Own;

/// <summary>
/// The part of Orleans that grains are written against, held against the list that was compared with Orleans itself. What is new here
/// must exist there: compare it with the version in the list's first line, then add it.
/// </summary>
public sealed class OrleansSurfaceTests
{
    private const string Version = "10.4.2";

    [Fact]
    public void The_public_surface_is_the_committed_part_of_Orleans()
    {
        string[] committed = SurfaceList.Read();
        Assert.Contains(Version, committed[0], StringComparison.Ordinal);
        IEnumerable<Type> types = typeof(EmbeddedSilo).Assembly.GetTypes().Where(static type => IsOrleans(type.Namespace));
        string[] surface = [.. SurfacePrinter.Lines(types)];
        Assert.Equal(string.Join('\n', committed.Skip(1)), string.Join('\n', surface));
    }

    [Fact]
    public void Everything_else_in_public_is_for_hosting()
    {
        IEnumerable<string?> others = typeof(EmbeddedSilo).Assembly.GetExportedTypes()
            .Select(static type => type.Namespace)
            .Where(static name => !IsOrleans(name));
        Assert.Equal(["Kimura.Embedded.Hosting"], others.Distinct());
    }

    private static bool IsOrleans(string? name) => name == "Orleans" || name?.StartsWith("Orleans.", StringComparison.Ordinal) == true;
}
