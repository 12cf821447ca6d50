using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

public sealed class DatabaseFoldersTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly TempFolder _folder = new();

    private DatabaseFolders Folders => new(_folder["rocksdb"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void New_database_takes_the_place_of_the_old_one_which_is_kept()
    {
        Make("rocksdb", "old");
        Make("rocksdb.new", "new");

        var aside = Folders.Replace(Now);

        Assert.Equal(_folder["rocksdb.damaged-20260102T030405Z"], aside);
        Assert.Equal(["rocksdb: new", "rocksdb.damaged-20260102T030405Z: old"], All());
    }

    [Fact]
    public void Replacement_that_was_cut_short_is_finished()
    {
        Make("rocksdb.new", "new");
        File.WriteAllText(Path.Combine(_folder["rocksdb.new"], "complete.txt"), "");

        Folders.FinishInterrupted(Now);

        Assert.Equal(["rocksdb: new"], All());
    }

    [Fact]
    public void New_database_that_never_became_complete_is_swept_away()
    {
        Make("rocksdb", "old");
        Make("rocksdb.new", "new");

        Folders.FinishInterrupted(Now);

        Assert.Equal(["rocksdb: old"], All());
    }

    [Fact]
    public void Two_damaged_databases_are_kept()
    {
        for (var i = 0; i < 4; i++)
        {
            Make("rocksdb", $"{i}");
            Make("rocksdb.new", "new");
            Folders.Replace(Now.AddSeconds(i));
            Directory.Delete(_folder["rocksdb"], recursive: true);
        }

        Assert.Equal(["rocksdb.damaged-20260102T030407Z: 2", "rocksdb.damaged-20260102T030408Z: 3"], All());
    }

    [Fact]
    public void First_word_of_damage_stands_until_the_database_is_replaced()
    {
        Make("rocksdb", "old");
        Assert.Null(Folders.ReadDamage());
        Folders.NoteDamage("a\nb");
        Folders.NoteDamage("c");

        Assert.Equal("a b", Folders.ReadDamage());
        Make("rocksdb.new", "new");
        Folders.Replace(Now);
        Assert.Null(Folders.ReadDamage());
    }

    [Fact]
    public async Task Damage_that_a_compaction_meets_ends_the_store_as_damage_in_its_files()
    {
        var directory = _folder["rocksdb"];
        for (var life = 0; life < 4; life++)
        {
            await using var store = await Stores.OpenAsync(directory);
            await store.CommitAsync(Stores.Put("a", new string('v', 3_000), Family.Blocks), sync: true);

            // The files overlap, or they would only be moved.
            await store.CommitAsync(Stores.Put("z", $"{life}", Family.Blocks), sync: true);
        }

        var table = Directory.GetFiles(directory, "*.sst").First(path => File.ReadAllBytes(path).AsSpan().IndexOf("vvvv"u8) >= 0);
        var bytes = await File.ReadAllBytesAsync(table, TestContext.Current.CancellationToken);
        bytes[bytes.AsSpan().IndexOf("vvvv"u8)] ^= 1;
        await File.WriteAllBytesAsync(table, bytes, TestContext.Current.CancellationToken);

        await using var again = await Stores.OpenAsync(directory);
        await again.CompactAsync(Family.Blocks);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await again.CommitAsync(Stores.Put("key", "value", Family.Blocks), sync: true));
        Assert.Equal((StorageFault.Corrupt, true), (failure.Fault, failure.InFiles));
        Assert.True((await again.Failed).InFiles);
    }

    private void Make(string name, string content)
    {
        Directory.CreateDirectory(_folder[name]);
        File.WriteAllText(Path.Combine(_folder[name], "content"), content);
    }

    private List<string> All() =>
        [.. Directory.GetDirectories(_folder.Path).Order(StringComparer.Ordinal).Select(path => $"{Path.GetFileName(path)}: {File.ReadAllText(Path.Combine(path, "content"))}")];
}
