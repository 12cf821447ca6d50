namespace Kimura.Benchmarks.Ingest;

/// <summary>The blocks made during a load: how many messages the largest holds, and the times between them.</summary>
internal sealed record BlockSurvey(int Blocks, int Largest, double MeanInterval, double DeviationP99, double DeviationMax)
{
    /// <summary>Reads the blocks from <paramref name="first"/> to <paramref name="last"/>; the interval is what the node was told, in milliseconds.</summary>
    public static async Task<BlockSurvey> ReadAsync(RpcClient client, ulong first, ulong last, double interval)
    {
        var times = new List<ulong>();
        var largest = 0;
        for (var height = first; height <= last; height++)
        {
            var block = await client.CallAsync("get_block", $"[{height}]");
            times.Add(block.GetProperty("header").GetProperty("timestamp").GetUInt64());
            largest = Math.Max(largest, block.GetProperty("message_ids").GetArrayLength());
        }

        var intervals = times.Zip(times.Skip(1), (earlier, later) => (double)(later - earlier)).ToList();
        if (intervals.Count == 0)
        {
            return new BlockSurvey(times.Count, largest, double.NaN, double.NaN, double.NaN);
        }

        var deviations = intervals.Select(one => Math.Abs(one - interval)).Order().ToList();
        return new BlockSurvey(times.Count, largest, intervals.Average(), deviations[(int)Math.Ceiling(0.99 * deviations.Count) - 1], deviations[^1]);
    }
}
