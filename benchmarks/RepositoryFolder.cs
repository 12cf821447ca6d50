namespace Kimura.Benchmarks;

/// <summary>The folder of the solution that this program was built in.</summary>
internal static class RepositoryFolder
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Kimura.Orleans.sln")))
            {
                return folder.FullName;
            }
        }

        throw new BenchmarkException($"bench: Kimura.Orleans.sln is not in a folder above {AppContext.BaseDirectory}");
    }
}
