using Kimura.Storage.KeyValue;
using Kimura.Storage.RocksDb;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

public sealed class DisposalTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Queued_commits_are_written_before_the_store_closes()
    {
        using var writer = new HeldWriter();
        var store = await Stores.OpenAsync(_folder.Path, writer.Hooks);
        var commits = Enumerable.Range(0, 50).Select(i => store.CommitAsync(Stores.Put($"k{i:d2}", "v"), sync: false).AsTask()).ToList();
        var closing = store.DisposeAsync().AsTask();
        var again = store.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.CommitAsync(Stores.Put("late", "v"), sync: false));
        Assert.False(closing.IsCompleted);
        writer.Release();
        await closing;
        await again;
        await Task.WhenAll(commits);
        await store.DisposeAsync();

        await using var reopened = await Stores.OpenAsync(_folder.Path);
        Assert.Equal(50, (await Stores.KeysAsync(reopened, Family.Metadata)).Count);
    }

    [Fact]
    public async Task Everything_after_disposal_throws()
    {
        var store = await Stores.OpenAsync(_folder.Path);
        await store.CommitAsync(Stores.Put("k", "v"), sync: false);
        var iteration = store.IterateAsync(Family.Metadata, default, default).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await iteration.MoveNextAsync());
        await store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.GetAsync(Family.Metadata, "k"u8.ToArray()));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await iteration.MoveNextAsync());
        Assert.Throws<ObjectDisposedException>(() => store.IterateAsync(Family.Metadata, default, default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.CheckpointAsync(_folder["copy"]));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.CommitAsync(new WriteBatch(), sync: true));
        await iteration.DisposeAsync();
        Assert.False(store.Failed.IsCompleted);
    }

    [Fact]
    public async Task Readers_at_work_while_the_store_closes_end_with_an_exception_and_no_crash()
    {
        for (var round = 0; round < 5; round++)
        {
            var store = await Stores.OpenAsync(_folder.Path);
            for (var i = 0; i < 100; i++)
                await store.CommitAsync(Stores.Put($"k{i:d2}", new string('v', 1000)), sync: false);

            using var started = new CountdownEvent(4);
            // Threads of their own: every read completes at once, so these loops never give a pool thread back.
            var readers = Enumerable.Range(0, 4).Select(reader => Task.Factory.StartNew(
                () => ReadUntilClosedAsync(store, reader, started), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToList();
            started.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            await store.DisposeAsync();
            var reads = await Task.WhenAll(readers);
            Assert.All(reads, count => Assert.True(count > 0));
        }
    }

    private static async Task<int> ReadUntilClosedAsync(RocksDbStore store, int reader, CountdownEvent started)
    {
        var count = 0;
        try
        {
            while (true)
            {
                if (reader % 2 == 0)
                    Assert.NotNull(await store.GetAsync(Family.Metadata, "k42"u8.ToArray()));
                else
                    Assert.Equal(100, (await Stores.KeysAsync(store, Family.Metadata, "k")).Count);

                if (count++ == 0)
                    started.Signal();
            }
        }
        catch (ObjectDisposedException)
        {
            return count;
        }
    }
}
