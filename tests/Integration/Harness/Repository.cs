namespace Kimura.Tests.Integration.Harness;

/// <summary>The working tree that this test was built in.</summary>
internal static class Repository
{
    private const string Marker = "Kimura.Orleans.sln";

    public static string Root { get; } = FindRoot();

    /// <summary>The node's program, of the same build as the test.</summary>
    public static string NodeProgram { get; } = Find("src/Silo", "Kimura.Silo");

    /// <summary>The gateway's program, of the same build as the test.</summary>
    public static string GatewayProgram => Find("src/Gateway", "Kimura.Gateway");

    /// <summary>The sample that calls grains.</summary>
    public static string GrainClient => Find("samples/GrainClient", "GrainClient");

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

    private static string Find(string project, string name)
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var bin = framework.Parent!;
        while (bin.Name != "bin")
        {
            bin = bin.Parent!;
        }

        var program = PathOf(project, "bin", Path.GetRelativePath(bin.FullName, framework.FullName), $"{name}.dll");
        return File.Exists(program) ? program : throw new InvalidOperationException($"it is not built: {program}");
    }
}
