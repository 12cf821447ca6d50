using Kimura.Benchmarks.Harness;
using Kimura.Benchmarks.Reports;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.RocksDb;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kimura.Benchmarks.Micro;

/// <summary>Checked reads through the chain store, beside reads of the same values that only RocksDB checks.</summary>
internal static class ReadBenchmark
{
    private const int Blocks = 20;
    private const ulong Epoch = 1;

    public static async Task<List<string[]>> RunAsync(DataDirectory place)
    {
        var rows = new List<string[]>();
        foreach (var size in new[] { 100, 10_000 })
        {
            var folder = place.NewFolder($"reads-{size}");
            try
            {
                await FillAsync(folder, size);
                rows.AddRange(await MeasureAsync(folder, size));
            }
            finally
            {
                DataDirectory.Remove(folder);
            }
        }

        return rows;
    }

    private static async Task FillAsync(string folder, int size)
    {
        await using var store = await RocksDbStore.OpenAsync(folder, NullLogger.Instance);
        using var chain = await ChainStoreOpening.OpenAsync(store, new ChainParameters(), guard: null);
        await chain.TakePoolEpochAsync(Epoch);
        await chain.TakeLeaderEpochAsync(Epoch);
        await StoreBenchmark.FillAsync(chain, Blocks + 1, size);
    }

    // Opened anew, so that what is read comes from table files, and then from RocksDB's cache of them.
    private static async Task<List<string[]>> MeasureAsync(string folder, int size)
    {
        await using var store = await RocksDbStore.OpenAsync(folder, NullLogger.Instance);
        using var chain = await ChainStoreOpening.OpenAsync(store, new ChainParameters(), guard: null);
        var blocks = new List<Block>();
        for (var height = 1UL; height <= Blocks; height++)
        {
            blocks.Add((await chain.GetBlockAsync(height))!);
        }

        byte[] BlockKey(int i) => [.. "block:"u8, .. BitConverter.GetBytes((ulong)(1 + (i % Blocks))).Reverse()];
        byte[] MessageKey(int i) => [.. "msg:"u8, .. IdOf(i).Value.ToArray()];
        MessageId IdOf(int i) => blocks[i % Blocks].IdAt(i * 7919 % size);
        return
        [
            Row(size, "a block, checked", Stopclock.Measure(i => Take(chain.GetBlockAsync((ulong)(1 + (i % Blocks)))))),
            Row(size, "a block, not checked", Stopclock.Measure(i => Block.TryDecode(Take(store.GetAsync(Family.Blocks, BlockKey(i)))!, int.MaxValue, out _))),
            Row(size, "a message, checked", Stopclock.Measure(i => Take(chain.GetMessageAsync(IdOf(i))))),
            Row(size, "a message, not checked", Stopclock.Measure(i =>
                Message.TryDecode(Take(store.GetAsync(Family.Messages, MessageKey(i)))!.AsMemory(12), ChainParameters.ContentLimit, out _))),
        ];
    }

    private static T Take<T>(ValueTask<T> read) =>
        read.IsCompletedSuccessfully ? read.Result : throw new BenchmarkException("bench: a read had to wait, or failed");

    private static string[] Row(int size, string operation, Measurement measured) =>
        [$"{size:#,0}", operation, measured.Time, $"{measured.PerSecond:#,0}/s", $"{measured.AllocatedBytes:0} B", measured.Variation];
}
