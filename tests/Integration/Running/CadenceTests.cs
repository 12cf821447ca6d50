using Kimura.Tests.Integration.Harness;
using Xunit;

namespace Kimura.Tests.Integration.Running;

/// <summary>Times are measured, so nothing else runs beside these.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class CadenceTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    public async Task Blocks_of_test_mode_come_every_hundred_milliseconds()
    {
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"));
        using var rpc = node.Client();

        // The first second belongs to the just-in-time compiler.
        await rpc.HeightAsync(60);
        var chain = await WalkedChain.WalkAsync(rpc);

        var times = chain.Blocks.Skip(10).Select(block => (double)block.Header.Timestamp).ToList();
        var intervals = times.Zip(times.Skip(1), (one, next) => next - one).Order().ToList();
        var (mean, median) = (intervals.Average(), intervals[intervals.Count / 2]);
        output.WriteLine($"{intervals.Count} intervals: mean {mean:F2} ms, median {median} ms, least {intervals[0]} ms, most {intervals[^1]} ms");

        // A tick that a busy machine missed is left out, which moves the mean alone; a timer that drifts moves both.
        Assert.InRange(median, 97, 103);
        Assert.InRange(mean, 97, 120);
    }

    [Fact(Timeout = 120_000)]
    public async Task Message_answered_before_a_block_is_made_is_in_that_block()
    {
        await using var node = await NodeProcess.StartTestModeAsync(_folder.PathOf("data"));
        using var rpc = node.Client();
        using var sender = new Sender();
        var answered = new List<(SignedMessage Message, ulong Time)>();
        while (await rpc.HeightAsync() < 25)
        {
            var message = sender.Sign("in time");
            await rpc.SubmitAsync(message);
            answered.Add((message, (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()));
        }

        await rpc.HeightAsync(await rpc.HeightAsync() + 2);
        var chain = await WalkedChain.WalkAsync(rpc);
        output.WriteLine($"{answered.Count} messages in {chain.Blocks.Count} blocks");
        foreach (var (message, time) in answered)
        {
            var next = chain.Blocks.First(block => block.Header.Timestamp > time);
            var height = chain.Messages[message.Id].Height;
            Assert.True(height <= next.Height, $"answered at {time}, block {next.Height} was made at {next.Header.Timestamp}, but it is in {height}");
        }
    }
}
