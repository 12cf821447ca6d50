using Kimura.Storage.KeyValue;
using Xunit;

namespace Kimura.Tests.Unit.Storage;

public sealed class IterationTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Keys_come_in_byte_order_within_prefix_and_from()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        foreach (var key in (string[])["b:2", "a:1", "b:10", "c:1", "b:1", "b"])
            await store.CommitAsync(Stores.Put(key, key), sync: false);

        Assert.Equal(["a:1", "b", "b:1", "b:10", "b:2", "c:1"], await Stores.KeysAsync(store, Family.Metadata));
        Assert.Equal(["b:1", "b:10", "b:2"], await Stores.KeysAsync(store, Family.Metadata, "b:"));
        Assert.Equal(["b:10", "b:2"], await Stores.KeysAsync(store, Family.Metadata, "b:", "b:10"));
        Assert.Equal(["b:1", "b:10", "b:2"], await Stores.KeysAsync(store, Family.Metadata, "b:", "a"));
        Assert.Empty(await Stores.KeysAsync(store, Family.Metadata, "b:", "c"));
        Assert.Equal(["c:1"], await Stores.KeysAsync(store, Family.Metadata, "", "b:3"));
        Assert.Empty(await Stores.KeysAsync(store, Family.Metadata, "d"));
        Assert.Empty(await Stores.KeysAsync(store, Family.Grains));
    }

    [Fact]
    public async Task Random_writes_read_back_as_a_sorted_dictionary_does()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new SortedDictionary<byte[], byte[]>(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
        var store = await Stores.OpenAsync(_folder.Path);
        for (var round = 0; round < 60; round++)
        {
            var batch = new WriteBatch();
            for (var i = random.Next(40); i >= 0; i--)
                Change(random, model, batch);

            await store.CommitAsync(batch, sync: random.Next(10) == 0);
            byte[] prefix = RandomKey(random), from = RandomKey(random);
            var expected = model.Where(pair => pair.Key.AsSpan().StartsWith(prefix) && pair.Key.AsSpan().SequenceCompareTo(from) >= 0).ToList();
            var actual = new List<KeyValuePair<byte[], byte[]>>();
            await foreach (var pair in store.IterateAsync(Family.Messages, prefix, from))
                actual.Add(pair);

            Assert.Equal(expected, actual);
            if (round % 20 == 10)
            {
                await store.DisposeAsync();
                store = await Stores.OpenAsync(_folder.Path);
            }
        }

        foreach (var (key, value) in model)
            Assert.Equal(value, await store.GetAsync(Family.Messages, key));

        await store.DisposeAsync();
    }

    [Fact]
    public async Task Iteration_shows_the_moment_of_the_call()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        await store.CommitAsync(Stores.Put("a", "1"), sync: false);
        await store.CommitAsync(Stores.Put("b", "1"), sync: false);
        var iteration = store.IterateAsync(Family.Metadata, default, default);
        await store.CommitAsync(Stores.Put("c", "1"), sync: false);
        await store.CommitAsync(Stores.Put("a", "2"), sync: false);

        var seen = new List<(byte, byte)>();
        await foreach (var (key, value) in iteration)
            seen.Add((key[0], value[0]));

        Assert.Equal([((byte)'a', (byte)'1'), ((byte)'b', (byte)'1')], seen);
        Assert.Equal(["a", "b", "c"], await Stores.KeysAsync(store, Family.Metadata));
        Assert.Throws<InvalidOperationException>(() => iteration.GetAsyncEnumerator());
    }

    [Fact]
    public async Task Iteration_left_early_or_cancelled_ends_there()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        for (var i = 0; i < 10; i++)
            await store.CommitAsync(Stores.Put($"k{i}", "v"), sync: false);

        var seen = 0;
        await foreach (var _ in store.IterateAsync(Family.Metadata, default, default))
        {
            if (++seen == 3)
                break;
        }

        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in store.IterateAsync(Family.Metadata, default, default).WithCancellation(cancel.Token))
            {
                seen++;
                await cancel.CancelAsync();
            }
        });
        Assert.Equal(4, seen);
        Assert.Equal(0, store.OpenIterations);
    }

    [Fact]
    public async Task Iteration_read_to_its_end_stays_at_its_end()
    {
        await using var store = await Stores.OpenAsync(_folder.Path);
        await store.CommitAsync(Stores.Put("k", "v"), sync: false);
        await using var iteration = store.IterateAsync(Family.Metadata, default, default).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await iteration.MoveNextAsync());
        Assert.False(await iteration.MoveNextAsync());
        Assert.False(await iteration.MoveNextAsync());
        await iteration.DisposeAsync();
        await iteration.DisposeAsync();
        Assert.False(await iteration.MoveNextAsync());
    }

    private static void Change(Random random, SortedDictionary<byte[], byte[]> model, WriteBatch batch)
    {
        var key = RandomKey(random);
        if (random.Next(3) == 0)
        {
            model.Remove(key);
            batch.Delete(Family.Messages, key);
            return;
        }

        var value = new byte[random.Next(300)];
        random.NextBytes(value);
        model[key] = value;
        var cut = random.Next(value.Length + 1);
        batch.Put(Family.Messages, key, value.AsSpan(0, cut), value.AsSpan(cut));
    }

    // From a small alphabet with the extremes in it, so that prefixes and repetitions are common; some differ late only.
    private static byte[] RandomKey(Random random)
    {
        var key = new byte[random.Next(4)];
        for (var i = 0; i < key.Length; i++)
            key[i] = (byte)(random.Next(4) * 85);

        return random.Next(4) == 0 ? [.. new byte[18], .. key] : key;
    }
}
