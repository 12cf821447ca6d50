namespace Kimura.Tests.Unit.Storage;

/// <summary>A folder of its own for one test, deleted at its end.</summary>
internal sealed class TempFolder : IDisposable
{
    // Made on first use: a test that is a killed child process in another one leaves none behind.
    private readonly Lazy<string> _path = new(() => Directory.CreateTempSubdirectory("kimura-").FullName);

    internal string Path => _path.Value;

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    internal static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, System.IO.Path.Combine(to, System.IO.Path.GetFileName(file)));
    }

    public void Dispose()
    {
        if (_path.IsValueCreated)
            Directory.Delete(Path, recursive: true);
    }
}
