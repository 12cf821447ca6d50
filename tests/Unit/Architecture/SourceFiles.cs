namespace Kimura.Tests.Unit.Architecture;

/// <summary>A file of the repository: its path from the root, with '/', and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>The text's lines, without their ends.</summary>
    public string[] Lines { get; } = Text.Split('\n');
}

/// <summary>The text files of the repository, without what is built or fetched.</summary>
internal static class SourceFiles
{
    private static readonly HashSet<string> NotOurs =
        ["bin", "obj", "artifacts", "data", "node_modules", "dist", "__pycache__", "TestResults", ".git", ".vs", ".idea", ".vscode"];

    private static readonly string[] TextExtensions =
    [
        ".cs", ".csproj", ".props", ".targets", ".sln", ".py", ".md", ".json", ".txt", ".yml", ".yaml", ".toml", ".sh", ".js", ".mjs", ".ts", ".html",
        ".css", ".sql", ".runsettings", ".editorconfig", ".gitignore", ".gitattributes", "",
    ];

    /// <summary>All of them, by path.</summary>
    public static IReadOnlyList<SourceFile> All { get; } = [.. Walk(Repository.Root).OrderBy(file => file.Path, StringComparer.Ordinal)];

    /// <summary>Those with an extension.</summary>
    public static IEnumerable<SourceFile> With(string extension) => All.Where(file => file.Path.EndsWith(extension, StringComparison.Ordinal));

    private static IEnumerable<SourceFile> Walk(string folder)
    {
        var files = Directory.GetFiles(folder)
            .Where(path => TextExtensions.Contains(Path.GetExtension(path)) && !path.EndsWith(".user", StringComparison.Ordinal))
            .Select(path => new SourceFile(Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'), File.ReadAllText(path)));
        var below = Directory.GetDirectories(folder).Where(path => !NotOurs.Contains(Path.GetFileName(path)));
        return files.Concat(below.SelectMany(Walk));
    }
}
