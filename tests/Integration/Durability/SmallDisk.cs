using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Durability;

/// <summary>A small file system of its own, which somebody else's file can fill.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const string Unmount = "umount";

    private readonly TempDirectory _folder;

    private SmallDisk(TempDirectory folder) => _folder = folder;

    public string Root => _folder.Root;

    public long Free => new DriveInfo(Root).AvailableFreeSpace;

    private string Filler => _folder.PathOf("filler");

    /// <summary>Mounts one; the test is skipped where that is not allowed.</summary>
    public static async Task<SmallDisk> MountAsync(int mebibytes)
    {
        var folder = new TempDirectory();
        if (!OperatingSystem.IsLinux() || (await ChildProcess.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={mebibytes}m", "kimura-test", folder.Root])).Code != 0)
        {
            folder.Dispose();
            Assert.Skip("this user may not mount a file system here");
        }

        return new SmallDisk(folder);
    }

    /// <summary>Fills it but for so many bytes.</summary>
    public void Fill(long free)
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[64 * 1024];
        try
        {
            while (Free > free)
            {
                file.Write(block.AsSpan(0, (int)Math.Clamp(Free - free, 1, block.Length)));
            }
        }
        catch (IOException)
        {
            // No room for all of the last one.
        }
    }

    /// <summary>Removes the file that filled it.</summary>
    public void Empty() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        await ChildProcess.RunAsync(Unmount, ["-l", Root]);
        _folder.Dispose();
    }
}
