namespace Kimura.Tests.Unit.Embedded;

/// <summary>The committed signatures of Orleans that the embedded engine repeats; the first line names the version.</summary>
internal static class SurfaceList
{
    internal static string[] Read()
    {
        using Stream stream = typeof(SurfaceList).Assembly.GetManifestResourceStream("OrleansSurface.txt")
            ?? throw new InvalidOperationException("OrleansSurface.txt is not embedded in the test assembly.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().TrimEnd('\n').Split('\n');
    }
}
