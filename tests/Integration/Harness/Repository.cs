namespace Kimura.Tests.Integration.Harness;

/// <summary>The working tree that this test was built in.</summary>
internal static class Repository
{
    private const string Marker = "Kimura.Orleans.sln";

    public static string Root { get; } = FindRoot();

    /// <summary>The node's program, of the same build as the test.</summary>
    public static string NodeProgram { get; } = FindNode();

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

    private static string FindNode()
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var program = PathOf("src", "Silo", "bin", framework.Parent!.Name, framework.Name, "Kimura.Silo.dll");
        return File.Exists(program) ? program : throw new InvalidOperationException($"the node is not built: {program}");
    }
}
