using Kimura.Chain;
using Kimura.Storage;
using Kimura.Storage.Backup;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Backup;

public sealed class BackupRunTests
{
    private static readonly BackupHooks FullDisk = new() { FreeSpace = _ => (16 << 20) + 1_000 };

    [Fact]
    public async Task A_backup_says_which_chain_it_holds_and_how_far()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.Ledger.SubmitAsync("alice");

        var made = (await node.BackUpAgainAsync()).Manifest;

        var tip = node.Ledger.Chain.Tip;
        Assert.Equal(new ChainFacts(1, "kimura-test", node.Ledger.Parameters.Genesis.Hash, tip.Height, tip.Hash, null), made.Chain);
        Assert.Equal(node.Clock.GetUtcNow(), made.Created);
        Assert.Equal("20300101T000000.000Z-h1", made.Name);
        Assert.Equal([new LeaderKeyFrom(0, tip.Header.Producer)], made.LeaderKeys);
        Assert.Equal(made.Name, Assert.Single(node.List()).Name);
        Assert.Empty(node.Verify());
    }

    [Fact]
    public async Task A_second_backup_stores_only_what_is_new_and_shares_the_rest()
    {
        await using var node = await BackupFixture.CreateAsync();
        var first = await node.BackUpAsync(senders: ["alice", "bob", "carol"]);
        var before = node.Objects();

        var second = await node.BackUpAsync(senders: "alice");

        Assert.Equal(first.Manifest.Files.DistinctBy(file => file.Hash).Count(), first.NewObjects);
        Assert.True(second.NewObjects < second.Manifest.Files.Count, $"{second.NewObjects} of {second.Manifest.Files.Count} files stored");
        Assert.Empty(before.Except(node.Objects()));
        Assert.Equal(second.NewObjects, node.Objects().Count - before.Count);
        Assert.Empty(node.Verify());
    }

    [Fact]
    public async Task Two_backups_of_one_moment_have_two_names()
    {
        await using var node = await BackupFixture.CreateAsync();

        var names = new[] { (await node.BackUpAgainAsync()).Manifest.Name, (await node.BackUpAgainAsync()).Manifest.Name };

        Assert.Equal(["20300101T000000.000Z-h1", "20300101T000000.001Z-h1"], names);
    }

    [Fact]
    public async Task Older_backups_go_with_what_only_they_needed_and_the_kept_ones_stay_whole()
    {
        await using var node = await BackupFixture.CreateAsync();
        var made = new List<BackupManifest>();
        for (var i = 0; i < 6; i++)
        {
            var result = await node.BackUpAsync(keep: 3, senders: ["alice", "bob"]);
            made.Add(result.Manifest);
            Assert.Equal(i < 3 ? [] : [made[i - 3].Name], result.Deleted);
        }

        Assert.Equal(made[3..].Select(backup => backup.Name), node.List().Select(backup => backup.Name));
        Assert.Equal(made[3..].SelectMany(backup => backup.Files).Select(file => file.Hash.ToString()).Distinct().Order(StringComparer.Ordinal), node.Objects());
        Assert.Empty(node.Verify());
    }

    [Fact]
    public async Task The_new_backup_stays_whatever_the_clock_says()
    {
        await using var node = await BackupFixture.CreateAsync();
        var ahead = await node.BackUpAsync(keep: 1);
        using var directory = BackupDirectory.OpenToWrite(node.Backups);
        var checkpoint = node.PathOf("behind");
        await node.Ledger.ProduceAsync();
        await node.Ledger.Store.CheckpointAsync(checkpoint);

        var behind = new BackupRun(directory, new ManualTimeProvider(DateTimeOffset.UnixEpoch), NullLogger.Instance) { Keep = 1 }.Create(checkpoint);

        Assert.Equal([ahead.Manifest.Name], behind.Deleted);
        Assert.Equal([behind.Manifest.Name], directory.List().Select(backup => backup.Name));
    }

    [Fact]
    public async Task A_damaged_backup_is_no_reason_to_delete_a_good_one_and_goes_when_enough_newer_ones_are_good()
    {
        await using var node = await BackupFixture.CreateAsync();
        var first = (await node.BackUpAsync()).Manifest;
        var second = (await node.BackUpAsync()).Manifest;
        File.AppendAllText(Path.Combine(node.Backups, BackupDirectory.ManifestName(second.Name)), "x");

        Assert.Empty((await node.BackUpAsync(keep: 2)).Deleted);
        Assert.Equal([second.Name, first.Name], (await node.BackUpAsync(keep: 2)).Deleted);
        Assert.All(node.List(), backup => Assert.NotNull(backup.Manifest));
        Assert.Empty(node.Verify());
    }

    [Fact]
    public async Task An_object_that_has_rotted_is_stored_anew()
    {
        await using var node = await BackupFixture.CreateAsync();
        var made = (await node.BackUpAgainAsync()).Manifest;
        var path = Path.Combine(node.Backups, BackupDirectory.ObjectName(made.Files[0].Hash));
        Damage.Flip(path, 5);
        Assert.NotEmpty(node.Verify());

        node.Create(node.PathOf("checkpoint-1"));

        Assert.Empty(node.Verify());
    }

    [Fact]
    public async Task Without_room_nothing_is_written_and_the_line_says_how_much_is_wanted()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.BackUpAsync();
        var before = node.Objects();

        var refusal = await Assert.ThrowsAsync<StorageException>(() => node.BackUpAsync(hooks: FullDisk, senders: "alice"));

        Assert.Equal(StorageFault.Failed, refusal.Fault);
        Assert.Matches(@"\Ano room for the backup: up to [0-9]+ bytes are to be stored and 16777216 left free, but .* has 16778216: make room, or keep fewer backups\z", refusal.Message);
        Assert.Equal(before, node.Objects());
    }

    [Fact]
    public async Task Where_writing_fails_what_was_stored_for_nothing_goes()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.BackUpAsync();
        var before = node.Objects();
        var failing = new BackupHooks { BeforeStep = step => _ = step.Contains("-h", StringComparison.Ordinal) ? throw new IOException("No space left on device") : 0 };

        var refusal = await Assert.ThrowsAsync<StorageException>(() => node.BackUpAsync(hooks: failing, senders: "alice"));

        Assert.Equal((StorageFault.Failed, $"the backup to {node.Backups} failed: No space left on device"), (refusal.Fault, refusal.Message));
        Assert.Equal(before, node.Objects());
        Assert.Empty(node.Incoming());
    }

    // A kill before each change of the directory that a backup with retention makes, and the next backup after it.
    [Fact]
    public async Task Killed_before_any_step_the_directory_holds_whole_backups_alone_and_the_next_one_leaves_no_litter()
    {
        var killAt = 0;
        for (var isKilled = true; isKilled;)
        {
            killAt++;
            await using var node = await BackupFixture.CreateAsync();
            for (var i = 0; i < 2; i++)
            {
                await node.BackUpAsync(senders: ["alice", "bob"]);
            }

            var taken = 0;
            var killing = new BackupHooks { BeforeStep = step => taken = taken + 1 == killAt ? throw new KilledException() : taken + 1 };
            isKilled = await Record.ExceptionAsync(() => node.BackUpAsync(keep: 2, hooks: killing, senders: "carol")) is KilledException;
            Assert.InRange(node.List().Count, 2, 3);
            Assert.Empty(node.Verify());

            var next = await node.BackUpAsync(keep: 2, senders: "bob");
            Assert.Equal(2, node.List().Count);
            Assert.Equal(next.Manifest.Name, node.List()[^1].Name);
            Assert.Empty(node.Verify());
            Assert.Empty(node.Incoming());
            var used = node.List().SelectMany(backup => backup.Manifest!.Files).Select(file => file.Hash.ToString()).Distinct().Order(StringComparer.Ordinal);
            Assert.Equal(used, node.Objects());
        }

        Assert.InRange(killAt, 10, 100);
    }

    [Fact]
    public async Task Backups_of_two_chains_do_not_mix()
    {
        await using var node = await BackupFixture.CreateAsync();
        var mine = (await node.BackUpAgainAsync()).Manifest;
        await using var other = await BackupFixture.CreateAsync(new ChainParameters("another"));
        var checkpoint = other.PathOf("checkpoint");
        await other.Ledger.Store.CheckpointAsync(checkpoint);

        var refusal = Assert.Throws<StorageException>(() => node.Create(checkpoint));

        Assert.Equal(StorageFault.Refused, refusal.Fault);
        Assert.StartsWith($"backup {mine.Name} is of another chain", refusal.Message);
    }

    [Fact]
    public async Task A_directory_with_other_things_is_left_alone()
    {
        await using var node = await BackupFixture.CreateAsync();
        Directory.CreateDirectory(Path.Combine(node.Backups, "objects"));

        var refusal = await Assert.ThrowsAsync<StorageException>(() => node.BackUpAgainAsync());

        Assert.Equal((StorageFault.Refused, $"{node.Backups} holds other things than backups: name an empty or absent directory"), (refusal.Fault, refusal.Message));
    }

    [Fact]
    public async Task One_writer_or_several_readers_have_a_directory()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.BackUpAgainAsync();
        using (BackupDirectory.OpenToRead(node.Backups))
        using (BackupDirectory.OpenToRead(node.Backups))
        {
            Assert.Equal(StorageFault.Locked, Assert.Throws<StorageException>(() => BackupDirectory.OpenToWrite(node.Backups)).Fault);
        }

        using (BackupDirectory.OpenToWrite(node.Backups))
        {
            Assert.Equal(StorageFault.Locked, Assert.Throws<StorageException>(() => BackupDirectory.OpenToRead(node.Backups)).Fault);
        }
    }

    [Fact]
    public async Task Nobody_else_can_read_a_backup()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.BackUpAgainAsync();
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

        Assert.All(
            Directory.EnumerateFileSystemEntries(node.Backups, "*", SearchOption.AllDirectories).Prepend(node.Backups),
            path => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(path) & Others));
    }

    [Fact]
    public async Task A_damaged_copy_is_not_backed_up()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.BackUpAgainAsync();
        var checkpoint = node.PathOf("checkpoint-1");
        File.Delete(Directory.GetFiles(checkpoint, "MANIFEST-*")[0]);

        Assert.Equal(StorageFault.Corrupt, Assert.Throws<StorageException>(() => node.Create(checkpoint)).Fault);
        Assert.Single(node.List());
    }

    // The copy of the log in use ends wherever it ended when it was made.
    [Fact]
    public async Task An_unfinished_write_at_the_end_of_a_copys_log_is_cut_off()
    {
        await using var node = await BackupFixture.CreateAsync();
        var checkpoint = node.PathOf("torn");
        await node.Ledger.Store.CheckpointAsync(checkpoint);
        var log = Path.GetFileName(Directory.GetFiles(node.Ledger.DatabaseDirectory, "*.log").Order(StringComparer.Ordinal).Last());

        // The header of a record whose body never came.
        await File.WriteAllBytesAsync(Path.Combine(checkpoint, log), [1, 2, 3, 4, 200, 0, 1, 9, 9]);

        var made = node.Create(checkpoint).Manifest;

        Assert.Equal(0, Assert.Single(made.Files, file => file.Name == log).Size);
        Assert.Equal(1ul, (await node.RestoreAsync("restored", made)).Height);
    }

    private sealed class KilledException : Exception;
}
