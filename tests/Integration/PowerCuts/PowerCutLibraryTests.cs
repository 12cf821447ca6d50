using System.Text;
using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.PowerCuts;

/// <summary>Whether the library sees everything, and the disk that is rebuilt from its journal forgets what it must and nothing else.</summary>
public sealed class PowerCutLibraryTests : IDisposable
{
    private const string Prelude =
        """
        import os
        def put(name, data, sync):
            file = os.open(name, os.O_CREAT | os.O_WRONLY)
            os.write(file, data)
            if sync:
                os.fsync(file)
            os.close(file)
        def sync(name):
            folder = os.open(name, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

        """;

    private readonly TempDirectory _folder = new();

    private string Disk => _folder.PathOf("disk");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("put('a', b'kept', True); sync('.')", "a=kept")]
    [InlineData("put('a', b'lost', False); sync('.')", "a=")]
    [InlineData("put('a', b'lost', True)", "")]
    [InlineData("put('a', b'kept', True); sync('.'); put('a', b'LOST', False)", "a=kept")]
    [InlineData("put('a', b'kept', True); sync('.'); os.rename('a', 'b')", "a=kept")]
    [InlineData("put('a', b'kept', True); os.rename('a', 'b'); sync('.')", "b=kept")]
    [InlineData("put('a', b'kept', True); os.link('a', 'b'); os.unlink('a'); sync('.')", "b=kept")]
    [InlineData("put('a', b'kept', True); sync('.'); os.unlink('a')", "a=kept")]
    [InlineData("put('a', b'kept', True); sync('.'); os.truncate(os.open('a', os.O_RDWR), 2)", "a=kept")]
    [InlineData("put('a', b'kept', True); sync('.'); f = os.open('a', os.O_RDWR); os.ftruncate(f, 2); os.fsync(f)", "a=ke")]
    [InlineData("os.mkdir('d'); put('d/a', b'kept', True); sync('d'); sync('.')", "d/a=kept")]
    [InlineData("os.mkdir('d'); put('d/a', b'lost', True); sync('d')", "")]
    [InlineData("f = os.open('a', os.O_CREAT | os.O_RDWR); os.pwrite(f, b'kept', 4); os.fsync(f); os.pwrite(f, b'lost', 0); sync('.')", "a=\0\0\0\0kept")]
    public async Task Only_what_was_synced_is_left(string program, string left)
    {
        await RunAsync(program);
        var disk = PowerCutDisk.Load(_folder.PathOf("before"));
        disk.Replay(_folder.PathOf("journal"));
        AssertSame(FilesOf(Disk), disk.LiveFiles());

        disk.ForgetAll();
        var files = FilesOf(_folder.PathOf("before")).OrderBy(file => file.Key, StringComparer.Ordinal);
        Assert.Equal(left, string.Join(',', files.Select(file => $"{file.Key}={Encoding.ASCII.GetString(file.Value)}")));
    }

    [Fact]
    public async Task Drawn_disk_has_everything_synced_and_parts_of_the_rest()
    {
        await RunAsync("put('a', b'k' * 5000, True); sync('.'); f = os.open('a', os.O_RDWR); os.pwrite(f, b'n' * 9000, 5000); put('b', b'x', True)");
        var seen = new HashSet<string>();
        for (var seed = 0; seed < 200; seed++)
        {
            Empty(_folder.PathOf("before"));
            var disk = PowerCutDisk.Load(_folder.PathOf("before"));
            disk.Replay(_folder.PathOf("journal"));
            disk.CutPower(new Random(seed));
            var files = FilesOf(_folder.PathOf("before"));
            Assert.Equal(new string('k', 5000), Encoding.ASCII.GetString(files["a"].AsSpan(0, 5000)));
            Assert.True(files["a"].Length is 5000 or 14000 || files["a"].Length % 512 == 0 || files["a"].Length == 9000, $"{files["a"].Length} bytes");
            seen.Add($"{files["a"].Length} {files.ContainsKey("b")}");
        }

        Assert.Contains("5000 False", seen);
        Assert.Contains("14000 True", seen);
        Assert.True(seen.Count > 10, string.Join(", ", seen));
    }

    [Fact(Timeout = 120_000)]
    public async Task Journal_of_a_node_knows_every_byte_that_the_node_has_written()
    {
        var library = await PowerCutLibrary.PathAsync();
        Directory.CreateDirectory(Disk);
        Directory.CreateDirectory(_folder.PathOf("before"));
        using var sender = new Sender();
        await using (var node = NodeProcess.Launch(
            ["--test-mode", "--db-path", Path.Combine(Disk, "data"), "--rpc-port", "0"], PowerCutLibrary.WatchOf(library, Disk, _folder.PathOf("journal"))))
        {
            await node.ReadyAsync();
            using var rpc = node.Client();
            await rpc.SubmitAsync(sender.Sign(20, "seen"));
            await rpc.NothingPendingAsync();
            var ending = await node.EndAsync(Signals.Terminate);
            Assert.True(ending.Code == 0, ending.ToString());
        }

        var disk = PowerCutDisk.Load(_folder.PathOf("before"));
        disk.Replay(_folder.PathOf("journal"));
        AssertSame(FilesOf(Disk), disk.LiveFiles());
        Assert.True(disk.Entries > 50, $"{disk.Entries} entries");
    }

    private async Task RunAsync(string program)
    {
        var library = await PowerCutLibrary.PathAsync();
        Directory.CreateDirectory(Disk);
        Directory.CreateDirectory(_folder.PathOf("before"));
        var ending = await ChildProcess.RunAsync(
            "python3", ["-c", $"{Prelude}\nos.chdir('{Disk}')\n{program}"], environment: PowerCutLibrary.WatchOf(library, Disk, _folder.PathOf("journal")));
        Assert.True(ending.Code == 0, ending.ToString());
    }

    private static void Empty(string folder)
    {
        Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
    }

    private static Dictionary<string, byte[]> FilesOf(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetRelativePath(folder, path), File.ReadAllBytes, StringComparer.Ordinal);

    private static void AssertSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, file => Assert.True(file.Value.AsSpan().SequenceEqual(actual[file.Key]), $"{file.Key}: {file.Value.Length} bytes, {actual[file.Key].Length} by the journal"));
    }
}
