using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

public sealed class CommitTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Commits_that_wait_together_share_one_sync_and_keep_their_order()
    {
        using var writer = new HeldWriter();
        await using var store = await Stores.OpenAsync(_folder.Path, writer.Hooks);
        var first = store.CommitAsync(Stores.Put("first", "1"), sync: true).AsTask();
        await writer.Reached;
        var waiting = Enumerable.Range(0, 100).Select(i => store.CommitAsync(Stores.Put("key", $"{i}"), sync: i % 2 == 0).AsTask()).ToList();
        Assert.Null(await Stores.GetAsync(store, "first"));
        Assert.Null(await Stores.GetAsync(store, "key"));
        Assert.False(first.IsCompleted);

        writer.Release();
        await first;
        await Task.WhenAll(waiting);

        Assert.Equal([1, 100], writer.Runs);
        Assert.Equal(2, store.SyncCount);
        Assert.Equal("99", await Stores.GetAsync(store, "key"));
    }

    [Fact]
    public async Task Commits_without_sync_cost_none()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        for (var i = 0; i < 20; i++)
            await store.CommitAsync(Stores.Put("k", $"{i}"), sync: false);

        Assert.Equal(0, store.SyncCount);
        await store.CommitAsync(new WriteBatch(), sync: true);
        Assert.Equal(1, store.SyncCount);
    }

    [Fact]
    public async Task Concurrent_callers_lose_nothing_and_share_syncs()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await store.CommitAsync(Stores.Put($"{caller}:{i}", "v", Family.Pending), sync: true);
                Assert.Equal("v", await Stores.GetAsync(store, $"{caller}:{i}", Family.Pending));
            }
        })));

        Assert.Equal(3200, (await Stores.KeysAsync(store, Family.Pending)).Count);
        Assert.InRange(store.SyncCount, 50, 1600);
    }

    [Fact]
    public async Task Failed_write_ends_the_store_and_keeps_what_was_written()
    {
        using var writer = new HeldWriter { FailAtRun = 2 };
        var store = await Stores.OpenAsync(_folder.Path, writer.Hooks);
        var iteration = store.IterateAsync(Family.Metadata, default, default).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        writer.Release();
        await store.CommitAsync(Stores.Put("before", "1"), sync: true);
        Assert.False(store.Failed.IsCompleted);

        writer.Hold();
        var failing = store.CommitAsync(Stores.Put("failing", "1"), sync: true).AsTask();
        await writer.Reached;
        var queued = Enumerable.Range(0, 5).Select(i => store.CommitAsync(Stores.Put($"queued{i}", "1"), sync: false).AsTask()).ToList();
        writer.Release();

        foreach (var commit in (Task[])[failing, .. queued])
            AssertFailed(await Assert.ThrowsAsync<StorageException>(() => commit));

        AssertFailed(await store.Failed);
        AssertFailed(await Assert.ThrowsAsync<StorageException>(async () => await store.CommitAsync(Stores.Put("x", "1"), sync: false)));
        AssertFailed(await Assert.ThrowsAsync<StorageException>(async () => await store.GetAsync(Family.Metadata, "before"u8.ToArray())));
        AssertFailed(Assert.Throws<StorageException>(() => store.IterateAsync(Family.Metadata, default, default)));
        AssertFailed(await Assert.ThrowsAsync<StorageException>(async () => await iteration.MoveNextAsync()));
        AssertFailed(await Assert.ThrowsAsync<StorageException>(async () => await store.CheckpointAsync(_folder["copy"])));
        await iteration.DisposeAsync();
        await store.DisposeAsync();

        await using var reopened = await Stores.OpenAsync(_folder.Path);
        Assert.Equal(["before"], await Stores.KeysAsync(reopened, Family.Metadata));
    }

    [Fact]
    public async Task Full_queue_holds_the_caller_until_there_is_room()
    {
        using var writer = new HeldWriter();
        await using var store = await Stores.OpenAsync(_folder.Path, writer.Hooks);
        var batch = Stores.Put("k", "v");
        var commits = new List<Task> { store.CommitAsync(batch, sync: false).AsTask() };
        await writer.Reached;
        for (var i = 0; i < CommitWriter.QueueLimit; i++)
            commits.Add(store.CommitAsync(batch, sync: false).AsTask());

        var last = Stores.Put("last", "v");
        var held = Task.Factory.StartNew(() => store.CommitAsync(last, sync: false).AsTask(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.NotSame(held, await Task.WhenAny(held, Task.Delay(100)));

        writer.Release();
        await await held;
        await Task.WhenAll(commits);
        Assert.Equal("v", await Stores.GetAsync(store, "last"));
    }

    private static void AssertFailed(StorageException e)
    {
        Assert.Equal(StorageFault.Failed, e.Fault);
        Assert.Contains("disk on fire", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
