using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

public sealed class RocksDbStoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Families_keep_the_same_key_apart_and_survive_a_restart()
    {
        await using (var store = await Stores.OpenAsync(_folder.Path))
        {
            var batch = new WriteBatch();
            foreach (var family in Families.All)
                batch.Put(family, "key"u8, Stores.Bytes(family.ToString()));

            await store.CommitAsync(batch, sync: true);
        }

        await using var reopened = await Stores.OpenAsync(_folder.Path);
        foreach (var family in Families.All)
            Assert.Equal(family.ToString(), await Stores.GetAsync(reopened, "key", family));
    }

    [Fact]
    public async Task Empty_large_and_absent_values_are_told_apart()
    {
        // Several runs' worth of bytes, so that the large one is a run of its own.
        var large = new byte[40_000_000];
        new Random(1).NextBytes(large);
        await using var store = await Stores.OpenAsync(_folder.Path);
        var commits = new List<Task>
        {
            store.CommitAsync(Stores.Put("empty"u8.ToArray(), []), sync: true).AsTask(),
            store.CommitAsync(Stores.Put("large"u8.ToArray(), large, Family.Blocks), sync: true).AsTask(),
            store.CommitAsync(Stores.Put("after", "it"), sync: true).AsTask(),
        };
        await Task.WhenAll(commits);

        Assert.Empty((await store.GetAsync(Family.Metadata, "empty"u8.ToArray()))!);
        Assert.Equal(large, await store.GetAsync(Family.Blocks, "large"u8.ToArray()));
        Assert.Equal("it", await Stores.GetAsync(store, "after"));
        Assert.Null(await Stores.GetAsync(store, "absent"));
        Assert.Null(await store.GetAsync(Family.Metadata, default));
    }

    [Fact]
    public async Task Operations_of_a_batch_take_effect_in_order()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        var batch = new WriteBatch();
        batch.Put(Family.Metadata, "a"u8, "1"u8);
        batch.Delete(Family.Metadata, "a"u8);
        batch.Delete(Family.Metadata, "b"u8);
        batch.Put(Family.Metadata, "b"u8, "2"u8);
        await store.CommitAsync(batch, sync: false);

        Assert.Null(await Stores.GetAsync(store, "a"));
        Assert.Equal("2", await Stores.GetAsync(store, "b"));
    }

    [Fact]
    public async Task Reads_complete_at_once_on_the_caller()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        await store.CommitAsync(Stores.Put("k", "v"), sync: false);
        var reading = store.GetAsync(Family.Metadata, "k"u8.ToArray()).AsTask();
        Assert.True(reading.IsCompletedSuccessfully);
        await using var iteration = store.IterateAsync(Family.Metadata, default, default).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var step = iteration.MoveNextAsync().AsTask();
        Assert.True(step.IsCompletedSuccessfully);
        Assert.True(await step);
    }

    [Fact]
    public async Task Family_that_is_none_is_refused()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await store.GetAsync(Family.Unspecified, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.IterateAsync((Family)6, default, default));
    }

    [Fact]
    public async Task Second_open_of_the_directory_is_refused_as_locked_and_does_no_harm()
    {
        await using (var store = await Stores.OpenAsync(_folder.Path))
        {
            await store.CommitAsync(Stores.Put("k", "v"), sync: true);
            var refusal = await Assert.ThrowsAsync<StorageException>(() => Stores.OpenAsync(_folder.Path));
            Assert.Equal(StorageFault.Locked, refusal.Fault);
            Assert.Contains(_folder.Path, refusal.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refusal.Message);
            await store.CommitAsync(Stores.Put("k2", "v2"), sync: true);
        }

        await using var reopened = await Stores.OpenAsync(_folder.Path);
        Assert.Equal(["k", "k2"], await Stores.KeysAsync(reopened, Family.Metadata));
    }

    [Fact]
    public async Task Checkpoint_opens_and_equals_the_moment_it_was_made()
    {
        await using var store = await Stores.OpenAsync(_folder["db"]);
        for (var i = 0; i < 200; i++)
            await store.CommitAsync(Stores.Put($"k{i:d3}", new string('x', i), Family.Messages), sync: i == 199);

        await store.CheckpointAsync(_folder["copy"]);
        await store.CommitAsync(Stores.Put("later", "x", Family.Messages), sync: true);

        await using (var copy = await Stores.OpenAsync(_folder["copy"]))
        {
            Assert.Equal(Enumerable.Range(0, 200).Select(i => $"k{i:d3}"), await Stores.KeysAsync(copy, Family.Messages));
            Assert.Equal(new string('x', 150), await Stores.GetAsync(copy, "k150", Family.Messages));
        }

        var refusal = await Assert.ThrowsAsync<StorageException>(async () => await store.CheckpointAsync(_folder["copy"]));
        Assert.Equal(StorageFault.Failed, refusal.Fault);
        Assert.Equal("x", await Stores.GetAsync(store, "later", Family.Messages));
    }

    [Fact]
    public async Task Checkpoints_under_writes_open_with_whole_commits()
    {
        await using var store = await Stores.OpenAsync(_folder["db"]);
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            var batch = new WriteBatch();
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                batch.Clear();
                batch.Put(Family.Metadata, "count"u8, BitConverter.GetBytes(i));
                batch.Put(Family.Pending, BitConverter.GetBytes(i), new byte[5000]);
                await store.CommitAsync(batch, sync: i % 8 == 0);
            }
        });
        for (var round = 0; round < 5; round++)
        {
            await store.CheckpointAsync(_folder[$"copy{round}"]);
            await using var copy = await Stores.OpenAsync(_folder[$"copy{round}"]);
            var count = await copy.GetAsync(Family.Metadata, "count"u8.ToArray()) is { } bytes ? BitConverter.ToInt32(bytes) + 1 : 0;
            Assert.Equal(count, (await Stores.KeysAsync(copy, Family.Pending)).Count);
        }

        await stop.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task Directory_that_cannot_be_made_is_a_failure_in_one_line()
    {
        await File.WriteAllTextAsync(_folder["file"], "x");
        var refusal = await Assert.ThrowsAsync<StorageException>(() => Stores.OpenAsync(_folder["file/db"]));
        Assert.Equal(StorageFault.Failed, refusal.Fault);
        Assert.Contains(_folder["file/db"], refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CURRENT")]
    [InlineData("MANIFEST-*")]
    [InlineData("*.sst")]
    public async Task Missing_file_is_refused_as_damage_and_nothing_is_swept_away(string pattern)
    {
        await using (var store = await Stores.OpenAsync(_folder["db"]))
        {
            await store.CommitAsync(Stores.Put("k", "v"), sync: true);
            await store.CheckpointAsync(_folder["copy"]);
        }

        File.Delete(Directory.GetFiles(_folder["copy"], pattern)[0]);
        var before = Directory.GetFiles(_folder["copy"], "*.sst");
        var refusal = await Assert.ThrowsAsync<StorageException>(() => Stores.OpenAsync(_folder["copy"]));
        Assert.Equal(StorageFault.Corrupt, refusal.Fault);
        Assert.Contains(_folder["copy"], refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Equal(before, Directory.GetFiles(_folder["copy"], "*.sst"));
    }

    [Fact]
    public async Task Flipped_byte_in_a_table_is_damage_when_read()
    {
        await using (var store = await Stores.OpenAsync(_folder["db"]))
        {
            for (var i = 0; i < 100; i++)
                await store.CommitAsync(Stores.Put($"k{i:d3}", new string('x', 1000), Family.Blocks), sync: false);

            await store.CheckpointAsync(_folder["copy"]);
        }

        var table = Directory.GetFiles(_folder["copy"], "*.sst").MaxBy(file => new FileInfo(file).Length)!;
        var bytes = await File.ReadAllBytesAsync(table);
        bytes[bytes.Length / 2] ^= 1;
        // A new file: the old one is shared with the database by a hard link.
        File.Delete(table);
        await File.WriteAllBytesAsync(table, bytes);

        await using var damaged = await Stores.OpenAsync(_folder["copy"]);
        var refusal = await Assert.ThrowsAsync<StorageException>(() => Stores.KeysAsync(damaged, Family.Blocks));
        Assert.Equal(StorageFault.Corrupt, refusal.Fault);
        Assert.False(damaged.Failed.IsCompleted);
        var faults = 0;
        for (var i = 0; i < 100; i++)
        {
            try
            {
                Assert.Equal(new string('x', 1000), await Stores.GetAsync(damaged, $"k{i:d3}", Family.Blocks));
            }
            catch (StorageException e) when (e.Fault == StorageFault.Corrupt)
            {
                faults++;
            }
        }

        Assert.InRange(faults, 1, 40);
    }
}
