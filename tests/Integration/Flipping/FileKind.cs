namespace Kimura.Tests.Integration.Flipping;

/// <summary>The kinds of files in a peer's data directory.</summary>
internal static class FileKind
{
    /// <summary>Names, as patterns below the data directory.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "rocksdb/*.sst", "rocksdb/*.log", "rocksdb/MANIFEST-*", "rocksdb/CURRENT", "rocksdb/OPTIONS-*", "rocksdb/IDENTITY", "rocksdb/LOG", "peer.key", "peer.id",
        "leader.pin",
    ];

    /// <summary>A bit of some file of a kind, drawn by its place over all of them; null where no file of the kind has any.</summary>
    public static (string Path, long Byte, int Bit)? Draw(string data, string kind, Random random)
    {
        var files = Directory.GetFiles(Path.Combine(data, Path.GetDirectoryName(kind)!), Path.GetFileName(kind))
            .Order(StringComparer.Ordinal)
            .Select(path => (Path: path, new FileInfo(path).Length))
            .ToList();
        var total = files.Sum(file => file.Length);
        if (total == 0)
        {
            return null;
        }

        var at = random.NextInt64(total);
        foreach (var (path, length) in files)
        {
            if (at < length)
            {
                return (path, at, random.Next(8));
            }

            at -= length;
        }

        throw new InvalidOperationException("a place behind all files");
    }
}
