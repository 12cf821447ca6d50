using System.Diagnostics;
using Kimura.Benchmarks.Harness;
using Kimura.Benchmarks.Reports;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Cryptography;
using Kimura.Storage.Ledger;
using Kimura.Storage.RocksDb;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kimura.Benchmarks.Micro;

/// <summary>Pending writes and block commits through the chain store, each synced to the disk.</summary>
internal static class StoreBenchmark
{
    private const int WarmUps = 2;
    private const int Runs = 9;
    private const int ContentSize = 256;
    private const ulong Epoch = 1;

    public static async Task<List<string[]>> RunAsync(DataDirectory place)
    {
        var rows = new List<string[]>();
        foreach (var size in new[] { 1_000, 10_000 })
        {
            var folder = place.NewFolder($"store-{size}");
            try
            {
                var (pending, commit) = await MeasureAsync(folder, size);
                rows.Add(Row(size, "store as pending", pending));
                rows.Add(Row(size, "commit the block", commit));
            }
            finally
            {
                DataDirectory.Remove(folder);
            }
        }

        return rows;
    }

    private static async Task<(Measurement Pending, Measurement Commit)> MeasureAsync(string folder, int size)
    {
        await using var store = await RocksDbStore.OpenAsync(folder, NullLogger.Instance);
        using var chain = await ChainStoreOpening.OpenAsync(store, new ChainParameters(), guard: null);
        await chain.TakePoolEpochAsync(Epoch);
        await chain.TakeLeaderEpochAsync(Epoch);
        return await CommitBlocksAsync(chain, WarmUps + Runs, size);
    }

    /// <summary>Commits blocks of messages.</summary>
    public static Task FillAsync(ChainStore chain, int blocks, int size) => CommitBlocksAsync(chain, blocks, size);

    private static async Task<(Measurement Pending, Measurement Commit)> CommitBlocksAsync(ChainStore chain, int blocks, int size)
    {
        using var signer = new BlockSigner(PrivateKey.FromBytes(Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000009")));
        (double, double)[] pending = new (double, double)[blocks], commits = new (double, double)[blocks];
        for (var run = 0; run < blocks; run++)
        {
            var messages = MakeMessages(signer.PublicKey, run * size, size);
            pending[run] = await TimeAsync(() => chain.StorePendingAsync(Epoch, messages));
            byte[] entries = [.. messages.SelectMany(one => (byte[])[.. one.Id.Value.ToArray(), .. one.Hash.Value.ToArray()])];
            var block = BlockProduction.Produce(chain.Tip, entries, latestMessage: 0, now: 0, signer);
            commits[run] = await TimeAsync(() => chain.CommitProducedAsync(Epoch, block));
        }

        return (Stopclock.Median(pending[WarmUps..]), Stopclock.Median(commits[WarmUps..]));
    }

    private static async Task<(double Time, double Bytes)> TimeAsync(Func<Task<CommitOutcome>> write)
    {
        var bytes = GC.GetTotalAllocatedBytes();
        var started = Stopwatch.GetTimestamp();
        var outcome = await write();
        var time = Stopwatch.GetElapsedTime(started).TotalNanoseconds;
        return outcome == CommitOutcome.Committed
            ? (time, GC.GetTotalAllocatedBytes() - bytes)
            : throw new BenchmarkException($"bench: the store answered {outcome}");
    }

    // The store does not look at signatures: these are arbitrary bytes.
    private static List<PendingMessage> MakeMessages(PublicKey sender, int first, int count)
    {
        var key = sender.ToArray();
        var random = new Random(first);
        var messages = new List<PendingMessage>(count);
        for (var i = 0; i < count; i++)
        {
            var encoding = new byte[Message.EncodedSize(ContentSize)];
            byte[] content = new byte[ContentSize], signature = new byte[Signature.Size];
            random.NextBytes(content);
            random.NextBytes(signature);
            Message.Encode(encoding, key, (ulong)(first + i), timestamp: 0, signature, content);
            _ = Message.TryDecode(encoding, ContentSize, out var message);
            messages.Add(new PendingMessage(message.ComputeId(), message.ComputeHash(), message, (ulong)(first + i)));
        }

        return messages;
    }

    private static string[] Row(int size, string operation, Measurement measured) =>
    [
        $"{size:#,0}", operation, measured.Time, $"{size * measured.PerSecond:#,0} messages/s", $"{measured.AllocatedBytes / size:0} B", measured.Variation,
    ];
}
