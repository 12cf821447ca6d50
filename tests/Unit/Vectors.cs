using System.Text.Json;
using Xunit;

namespace Kimura.Tests.Unit;

/// <summary>
/// Public test vectors, which are not part of the repository: in the folder that KIMURA_VECTORS names, or in shared/vectors beside the
/// repository. Tests that need a file that is in neither are skipped and say so.
/// </summary>
internal static class Vectors
{
    private const string Variable = "KIMURA_VECTORS";

    /// <summary>Parses a vector file, or skips the calling test.</summary>
    public static JsonDocument Json(string name) => JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));

    /// <summary>The path of a vector file; skips the calling test where there is none.</summary>
    public static string PathOf(string name)
    {
        string? path = Find(name);
        if (path is null)
        {
            Assert.Skip($"Test vectors {name} not found: set {Variable} to the folder that holds them.");
        }

        return path;
    }

    private static string? Find(string name)
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(folder))
        {
            DirectoryInfo? root = new(AppContext.BaseDirectory);
            while (root is not null && !File.Exists(Path.Combine(root.FullName, "Kimura.Orleans.sln")))
            {
                root = root.Parent;
            }

            if (root?.Parent is null)
            {
                return null;
            }

            folder = Path.Combine(root.Parent.FullName, "shared", "vectors");
        }

        string path = Path.Combine(folder, name);
        return File.Exists(path) ? path : null;
    }
}
