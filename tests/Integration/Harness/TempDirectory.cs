namespace Kimura.Tests.Integration.Harness;

/// <summary>A folder for one test, gone after it.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("kimura-test-").FullName;

    public string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Copies a folder with all that is in it, permissions too.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to, File.GetUnixFileMode(from));

        // A socket that a killed node has left is no file that can be copied.
        foreach (var file in Directory.EnumerateFiles(from).Where(file => Path.GetExtension(file) != ".sock"))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
