using Kimura.Storage;
using Kimura.Storage.Backup;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Backup;

/// <summary>Every kind of damage of a backup directory is found, and names backup and file.</summary>
public sealed class VerificationTests
{
    public static TheoryData<string, Action<string>> Kinds => new()
    {
        { "a flipped bit at the start", path => Damage.Flip(path, 0) },
        { "a flipped bit in the middle", path => Damage.Flip(path, (int)new FileInfo(path).Length / 2) },
        { "a flipped bit at the end", path => Damage.Flip(path, -1) },
        { "a cut", path => File.WriteAllBytes(path, File.ReadAllBytes(path)[..^7]) },
        { "a cut to nothing", path => File.WriteAllBytes(path, []) },
        { "bytes more", path => File.AppendAllText(path, "more") },
        { "zeros", path => File.WriteAllBytes(path, new byte[new FileInfo(path).Length]) },
        { "another file's bytes", path => File.Copy(Directory.GetFiles(Path.GetDirectoryName(Path.GetDirectoryName(path))!, "*", SearchOption.AllDirectories).First(other => other != path), path, overwrite: true) },
    };

    [Theory]
    [MemberData(nameof(Kinds), DisableDiscoveryEnumeration = true)]
    public async Task Damage_of_any_object_is_named_in_each_backup_that_needs_it(string kind, Action<string> damage)
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.BackUpAsync(senders: "alice");
        await node.BackUpAsync(senders: "bob");
        var backups = node.List();
        foreach (var hash in backups.SelectMany(backup => backup.Manifest!.Files).Select(file => file.Hash).Distinct())
        {
            var path = Path.Combine(node.Backups, BackupDirectory.ObjectName(hash));
            var whole = File.ReadAllBytes(path);
            damage(path);

            var found = node.Verify();

            var needed = backups.Where(backup => backup.Manifest!.Files.Any(file => file.Hash == hash)).Select(backup => backup.Name);
            Assert.True(needed.SequenceEqual(found.Select(one => one.Backup)), $"{kind} of {hash}: {string.Join("; ", found)}");
            Assert.All(found, one => Assert.Equal(BackupDirectory.ObjectName(hash), one.File));
            File.WriteAllBytes(path, whole);
        }

        Assert.Empty(node.Verify());
    }

    [Fact]
    public async Task A_missing_object_is_named()
    {
        await using var node = await BackupFixture.CreateAsync();
        var backup = (await node.BackUpAgainAsync()).Manifest;
        var file = backup.Files[1];
        File.Delete(Path.Combine(node.Backups, BackupDirectory.ObjectName(file.Hash)));

        Assert.Equal(
            $"backup {backup.Name}: {BackupDirectory.ObjectName(file.Hash)} (the database's {file.Name}) is missing", Assert.Single(node.Verify()).ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(-2)]
    public async Task A_damaged_manifest_is_named_and_hides_no_other_backup(int at)
    {
        await using var node = await BackupFixture.CreateAsync();
        var damaged = (await node.BackUpAsync()).Manifest;
        var good = (await node.BackUpAsync()).Manifest;
        Damage.Flip(Path.Combine(node.Backups, BackupDirectory.ManifestName(damaged.Name)), at);

        Assert.Equal([null, good.Name], node.List().Select(backup => backup.Manifest?.Name));
        Assert.Equal(
            $"backup {damaged.Name}: manifests/{damaged.Name}.manifest is damaged: its last line is not the BLAKE3 of the bytes before it",
            Assert.Single(node.Verify()).ToString());
    }

    [Fact]
    public async Task A_manifest_under_another_name_is_no_backup()
    {
        await using var node = await BackupFixture.CreateAsync();
        var backup = (await node.BackUpAsync()).Manifest;
        File.Move(
            Path.Combine(node.Backups, BackupDirectory.ManifestName(backup.Name)), Path.Combine(node.Backups, BackupDirectory.ManifestName("renamed")));

        Assert.Equal($"backup renamed: manifests/renamed.manifest is damaged: it is the manifest of backup {backup.Name}", Assert.Single(node.Verify()).ToString());
    }

    [Fact]
    public void A_folder_that_is_no_backup_directory_is_refused()
    {
        using var folder = new TempFolder();

        var refusal = Assert.Throws<StorageException>(() => BackupDirectory.OpenToRead(folder.Path));

        Assert.Equal((StorageFault.Refused, $"{folder.Path} is no directory with backups: it has no file kimura-backups"), (refusal.Fault, refusal.Message));
    }
}
