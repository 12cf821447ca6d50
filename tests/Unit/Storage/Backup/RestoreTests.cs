using Kimura.Storage;
using Kimura.Storage.Backup;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Backup;

public sealed class RestoreTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(4ul)]
    [InlineData(2ul)]
    [InlineData(0ul)]
    public async Task A_restored_database_holds_the_blocks_up_to_its_height_and_verifies_in_full(ulong? height)
    {
        await using var node = await BackupFixture.CreateAsync();
        for (var i = 0; i < 4; i++)
        {
            await node.Ledger.ProduceAsync("alice", "bob");
        }

        await node.Ledger.SubmitAsync("carol");
        var backup = (await node.BackUpAgainAsync()).Manifest;
        await node.Ledger.ProduceAsync("alice");

        var result = await node.RestoreAsync("restored", backup, height);

        Assert.Equal((height ?? 5, height is null ? 1 : 0, null), (result.Height, result.Pending, result.MovedAside));
        await using var store = await Stores.OpenAsync(node.PathOf("restored"));
        using var chain = await ChainStoreOpening.OpenAsync(store, node.Ledger.Parameters, guard: null);
        await new IntegrityCheck(store, chain, node.Ledger.Producers, InlineWorkers.Instance, NullLogger.Instance).RunAsync(VerifyMode.Full);
        Assert.Equal((result.Height, result.TipHash), (chain.Tip.Height, chain.Tip.Hash));
        for (var at = 0ul; at <= chain.Tip.Height; at++)
        {
            Assert.Equal((await node.Ledger.Chain.GetBlockAsync(at))!.Encoding.ToArray(), (await chain.GetBlockAsync(at))!.Encoding.ToArray());
        }
    }

    [Fact]
    public async Task A_database_that_is_there_is_refused_or_moved_aside_and_never_overwritten()
    {
        await using var node = await BackupFixture.CreateAsync();
        var backup = (await node.BackUpAgainAsync()).Manifest;
        await node.RestoreAsync("restored", backup);
        var files = FilesOf(node.PathOf("restored"));

        var refusal = await Assert.ThrowsAsync<StorageException>(() => node.RestoreAsync("restored", backup, 0));
        Assert.Equal(
            (StorageFault.Refused, $"{node.PathOf("restored")} holds a database, which is not overwritten: name another --db-path, or give --replace to move it aside"),
            (refusal.Fault, refusal.Message));
        Assert.Equal(files, FilesOf(node.PathOf("restored")));

        var result = await node.RestoreAsync("restored", backup, 0, replace: true);
        Assert.Equal(node.PathOf("restored.replaced-20300101T000000Z"), result.MovedAside);
        Assert.Equal(files, FilesOf(result.MovedAside!));
        Assert.Equal(0ul, result.Height);
    }

    [Fact]
    public async Task A_database_that_a_node_has_open_is_not_replaced()
    {
        await using var node = await BackupFixture.CreateAsync();
        var backup = (await node.BackUpAgainAsync()).Manifest;
        await node.RestoreAsync("restored", backup);
        await using var open = await Stores.OpenAsync(node.PathOf("restored"));

        var refusal = await Assert.ThrowsAsync<StorageException>(() => node.RestoreAsync("restored", backup, replace: true));

        Assert.Equal(StorageFault.Locked, refusal.Fault);
    }

    [Fact]
    public async Task A_height_above_the_backups_is_refused()
    {
        await using var node = await BackupFixture.CreateAsync();
        var backup = (await node.BackUpAgainAsync()).Manifest;

        var refusal = await Assert.ThrowsAsync<StorageException>(() => node.RestoreAsync("restored", backup, 2));

        Assert.Equal(
            (StorageFault.Refused, $"backup {backup.Name} ends at height 1, below 2: choose a newer backup or a lower height"), (refusal.Fault, refusal.Message));
        Assert.False(Directory.Exists(node.PathOf("restored")));
    }

    [Fact]
    public async Task A_damaged_object_ends_a_restore_and_leaves_no_database()
    {
        await using var node = await BackupFixture.CreateAsync();
        var backup = (await node.BackUpAgainAsync()).Manifest;
        var file = backup.Files.MaxBy(file => file.Size)!;
        Damage.Flip(Path.Combine(node.Backups, BackupDirectory.ObjectName(file.Hash)), -40);

        var refusal = await Assert.ThrowsAsync<StorageException>(() => node.RestoreAsync("restored", backup));

        Assert.Equal(StorageFault.Corrupt, refusal.Fault);
        Assert.StartsWith($"backup {backup.Name}: {BackupDirectory.ObjectName(file.Hash)} (the database's {file.Name}) is damaged", refusal.Message);
        Assert.False(Directory.Exists(node.PathOf("restored")));
    }

    [Fact]
    public async Task What_an_interrupted_restore_left_is_made_anew()
    {
        await using var node = await BackupFixture.CreateAsync();
        var backup = (await node.BackUpAgainAsync()).Manifest;
        Directory.CreateDirectory(node.PathOf("restored.restoring"));
        File.WriteAllText(node.PathOf("restored.restoring/000012.sst"), "half a file");
        File.WriteAllText(node.PathOf($"restored.restoring/{backup.Files[0].Name}"), "half a file");

        Assert.Equal(1ul, (await node.RestoreAsync("restored", backup)).Height);
        Assert.False(Directory.Exists(node.PathOf("restored.restoring")));
    }

    [Fact]
    public async Task A_node_without_bodies_is_backed_up_and_restored_as_it_is()
    {
        await using var node = await BackupFixture.CreateAsync();
        await node.Ledger.FollowListAsync(LedgerFixtureTime(2), node.Ledger.Sign("alice"));
        await node.Ledger.FollowListAsync(LedgerFixtureTime(3), node.Ledger.Sign("bob"));
        var backup = (await node.BackUpAgainAsync()).Manifest;
        Assert.Equal(1ul, backup.Chain.BodiesHeight);

        await node.RestoreAsync("restored", backup, 2);

        await using var store = await Stores.OpenAsync(node.PathOf("restored"));
        using var chain = await ChainStoreOpening.OpenAsync(store, node.Ledger.Parameters, guard: null);
        Assert.Equal((2ul, 1ul), (chain.Tip.Height, chain.BodiesHeight));
    }

    [Fact]
    public async Task A_copy_lives_until_it_is_let_go_of_and_there_is_one_at_a_time()
    {
        await using var node = await BackupFixture.CreateAsync();
        using var checkpoints = new Checkpoints(node.Ledger.Store, node.PathOf("copies"));
        Directory.CreateDirectory(node.PathOf("copies/left-behind"));
        checkpoints.Clean();
        Assert.False(Directory.Exists(node.PathOf("copies")));

        var first = (await checkpoints.TryTakeAsync())!;
        Assert.Null(await checkpoints.TryTakeAsync());
        Assert.Equal(1ul, node.Create(first.Path).Manifest.Chain.Height);
        first.Dispose();
        first.Dispose();
        Assert.False(Directory.Exists(first.Path));

        using var second = await checkpoints.TryTakeAsync();
        Assert.NotNull(second);
    }

    private static ulong LedgerFixtureTime(ulong height) => Ledger.LedgerFixture.Start + (1_000 * height);

    private static List<string> FilesOf(string folder) => [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
