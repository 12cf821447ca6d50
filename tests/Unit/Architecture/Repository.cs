namespace Kimura.Tests.Unit.Architecture;

/// <summary>The working tree that this test was built in.</summary>
internal static class Repository
{
    private const string Marker = "Kimura.Orleans.sln";

    /// <summary>The folder of the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path inside the repository.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

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
