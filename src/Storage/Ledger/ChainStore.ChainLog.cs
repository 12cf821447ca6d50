using Kimura.Chain.Blocks;
using Kimura.Chain.Messages;
using Kimura.Chain.Verification;
using Kimura.Storage.Log;

namespace Kimura.Storage.Ledger;

/// <content>The store of a silo that runs alone is its own log; that of a silo in a cluster is a replica of the shared one.</content>
public sealed partial class ChainStore
{
    // What one read of blocks holds in memory at most, unless a single block is larger.
    private const long MaxReadBytes = 16 << 20;

    /// <inheritdoc />
    public Task<bool> IsPoolEpochAsync(ulong epoch) => Task.FromResult(_pool.Epoch == epoch);

    /// <inheritdoc />
    public Task<LogTip> ReadTipAsync() => Task.FromResult(TipOf(Tip));

    /// <inheritdoc />
    public async Task<IReadOnlyList<Delivery>> ReadBlocksAsync(ulong from, int most)
    {
        var read = new List<Delivery>();
        long bytes = 0;
        for (var height = from; read.Count < most && bytes < MaxReadBytes && await GetBlockAsync(height) is { } block; height++)
        {
            var bodies = new Message[block.Count];
            for (var i = 0; i < bodies.Length; i++)
            {
                bodies[i] = await GetMessageAsync(block, i) is { HasBody: true } stored ? stored.Message : throw StoredMessage.Damaged(block.IdAt(i));
                bytes += bodies[i].Encoding.Length;
            }

            bytes += block.Encoding.Length;
            read.Add(new Delivery(block, bodies));
        }

        return read;
    }

    /// <inheritdoc />
    public async Task<PendingPool> ReadPendingAsync()
    {
        await _blocks.WaitAsync();
        try
        {
            return new PendingPool(TipOf(Tip), GetAllPending());
        }
        finally
        {
            _blocks.Release();
        }
    }

    /// <inheritdoc />
    public Task<bool> MayFollowAsync(Block block) => Task.FromResult(true);

    private static LogTip TipOf(Block block) => new(block.Height, block.Hash);
}
