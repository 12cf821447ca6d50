namespace Kimura.Tests.Unit.Architecture;

/// <summary>The working tree that this test was built in.</summary>
internal static class Repository
{
    private const string Marker = "Kimura.Orleans.sln";

    /// <summary>The folder of the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path inside the repository.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A project's folder below <c>obj</c> or <c>bin</c> for the engine and configuration that this test was built for.</summary>
    public static string OutputOf(string project, string kind)
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var below = Path.GetRelativePath(PathOf("tests", "Unit", "bin"), framework.Parent!.FullName);
        return PathOf(project, kind, below);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Marker)))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"{Marker} is not in a folder above {AppContext.BaseDirectory}");
    }
}
