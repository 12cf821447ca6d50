using System.Collections.Concurrent;
using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Tests.Unit.Cluster.Logs;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Nodes;

/// <summary>What must be true of a cluster whatever was done to it.</summary>
internal sealed class ClusterCheck(NodeCluster cluster)
{
    private readonly ConcurrentDictionary<ulong, string> _seen = new();
    private readonly ConcurrentBag<string> _wrong = [];

    /// <summary>Takes down every block that any silo shows, as it shows it, until it is stopped.</summary>
    public Task WatchAsync(IEnumerable<string> silos, CancellationToken stop) => Task.WhenAll(silos.Select(silo => WatchAsync(silo, stop)));

    /// <summary>
    /// All silos and the log hold one chain; every answered message is in exactly one block of it, each sender's nonces in order and without
    /// a gap; no height was ever shown with two blocks. Gives the blocks.
    /// </summary>
    public async Task<IReadOnlyList<Block>> CheckAsync(IReadOnlyList<StubbornSender> senders)
    {
        Assert.Empty(senders.SelectMany(sender => sender.Wrong));
        await using var log = await PostgresLogs.OpenAsync(cluster.Database, new ChainParameters("kimura-test"));
        await NodeCluster.UntilAsync(async () => (await log.ReadPendingAsync()).Messages.Count == 0, "everything pending is in a block");
        var tip = await log.ReadTipAsync();
        var (blocks, bodies) = (new List<Block>(), new List<Message>());
        while (blocks.Count < (int)tip.Height)
        {
            foreach (var delivery in await log.ReadBlocksAsync((ulong)blocks.Count + 1, 500))
            {
                Assert.Equal((ulong)blocks.Count + 1, delivery.Block.Height);
                Assert.Equal(blocks.Count == 0 ? new ChainParameters("kimura-test").Genesis.Hash : blocks[^1].Hash, delivery.Block.Header.PrevHash);
                blocks.Add(delivery.Block);
                bodies.AddRange(delivery.Bodies!);
            }
        }

        foreach (var sender in senders)
        {
            var chain = bodies.Where(body => body.Sender == sender.Sender).ToList();
            Assert.Equal(Enumerable.Range(0, chain.Count).Select(nonce => (ulong)nonce), chain.Select(body => body.Nonce));
            Assert.Equal(sender.Answered, chain.Take(sender.Answered.Count).Select(body => body.ComputeId()));
        }

        foreach (var silo in cluster.Running)
        {
            await cluster.ReachAsync(silo, tip.Height - 1);
            foreach (var block in blocks)
            {
                var stored = await cluster.ReaderOf(silo).GetBlockAsync(block.Height, withMessages: false);
                Assert.True(stored!.Encoding.Span.SequenceEqual(block.Encoding.Span), $"{silo} holds another block {block.Height}");
            }
        }

        Assert.Empty(_wrong);
        Assert.All(blocks.Where(block => _seen.ContainsKey(block.Height)), block => Assert.Equal(_seen[block.Height], block.Hash.ToString()));
        return blocks;
    }

    private async Task WatchAsync(string silo, CancellationToken stop)
    {
        ulong height = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var tip = await cluster.ReaderOf(silo).WaitForTipAsync(height);
                var hash = Convert.ToHexStringLower(tip.Hash.Span);
                if (tip.Height > 0 && _seen.GetOrAdd(tip.Height, hash) != hash)
                {
                    _wrong.Add($"{silo} showed {hash} at height {tip.Height}, where {_seen[tip.Height]} was shown");
                }

                height = tip.Height;
            }
            catch (Exception exception) when (exception is Orleans.Runtime.OrleansException or TimeoutException or KeyNotFoundException or ObjectDisposedException)
            {
                // Killed; it comes again, and may show less than before.
                height = 0;
                await Task.Delay(5, CancellationToken.None);
            }
        }
    }
}
