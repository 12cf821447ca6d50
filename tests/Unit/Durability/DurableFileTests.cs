using System.Runtime.Versioning;
using Kimura.Durability;
using Xunit;

namespace Kimura.Tests.Unit.Durability;

[UnsupportedOSPlatform("windows")]
public sealed class DurableFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kimura-files-");

    private string FilePath => Path.Combine(_folder.FullName, "a");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void File_is_there_whole_for_its_owner_alone()
    {
        DurableFile.Create(FilePath, "bytes"u8, overwrite: false);
        Assert.Equal("bytes", File.ReadAllText(FilePath));
        Assert.Equal(DurableFile.OwnerOnly, File.GetUnixFileMode(FilePath));
        Assert.Single(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void Draft_that_was_left_behind_is_replaced()
    {
        File.WriteAllText(FilePath + ".new", "half");
        DurableFile.Create(FilePath, "bytes"u8, overwrite: false);
        Assert.Equal("bytes", File.ReadAllText(FilePath));
        Assert.Single(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void File_that_exists_is_left_alone_unless_it_may_be_overwritten()
    {
        File.WriteAllText(FilePath, "first");
        Assert.Throws<IOException>(() => DurableFile.Create(FilePath, "second"u8, overwrite: false));
        Assert.Equal("first", File.ReadAllText(FilePath));
        Assert.Single(_folder.EnumerateFileSystemInfos());

        DurableFile.Create(FilePath, "second"u8, overwrite: true);
        Assert.Equal("second", File.ReadAllText(FilePath));
    }

    [Fact]
    public void Directory_is_made_with_its_parents_and_its_mode()
    {
        var below = Path.Combine(_folder.FullName, "b", "c");
        DirectorySync.CreateSynced(below, DurableFile.OwnerOnly | UnixFileMode.UserExecute);
        DirectorySync.CreateSynced(below);
        Assert.Equal(DurableFile.OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(below));
    }
}
