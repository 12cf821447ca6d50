using System.Text.RegularExpressions;

namespace Kimura.Benchmarks.Reports;

/// <summary>Where databases are made for a measurement: on a file system that a sync reaches, and gone afterwards.</summary>
internal sealed partial record DataDirectory(string Root, string FileSystem)
{
    private static readonly string[] InMemory = ["tmpfs", "ramfs", "hugetlbfs", "devtmpfs"];

    /// <exception cref="BenchmarkException">The file system keeps its files in memory.</exception>
    public static DataDirectory Choose(string? path)
    {
        var full = Path.GetFullPath(path ?? Path.Combine(RepositoryFolder.Root, "artifacts", "bench"));
        var fileSystem = FileSystemOf(full);
        if (InMemory.Contains(fileSystem))
        {
            throw new BenchmarkException($"bench: {full} is on {fileSystem}, which keeps files in memory: a sync there costs nothing. Give --db-path DIR on a disk.");
        }

        Directory.CreateDirectory(full);
        return new DataDirectory(full, fileSystem);
    }

    /// <summary>A new, empty folder.</summary>
    public string NewFolder(string name)
    {
        var folder = Path.Combine(Root, $"{name}-{Environment.ProcessId}");
        Remove(folder);
        Directory.CreateDirectory(folder);
        return folder;
    }

    public static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The mount with the longest path that holds the folder; a later mount hides an earlier one at the same place.
    private static string FileSystemOf(string path)
    {
        var (best, found) = ("", "unknown");
        foreach (var fields in File.ReadLines("/proc/mounts").Select(line => line.Split(' ')))
        {
            var mount = OctalEscape().Replace(fields[1], escape => ((char)Convert.ToInt32(escape.Groups["code"].Value, 8)).ToString());
            var holds = mount == "/" || path == mount || path.StartsWith(mount + "/", StringComparison.Ordinal);
            if (holds && mount.Length >= best.Length)
            {
                (best, found) = (mount, fields[2]);
            }
        }

        return found;
    }

    [GeneratedRegex(@"\\(?<code>[0-7]{3})", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex OctalEscape();
}
