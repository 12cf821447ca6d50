using Kimura.Chain;
using Kimura.Grains.Network;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;

namespace Kimura.Grains.Cluster;

/// <summary>
/// What was answered a moment ago, through whatever silo: the log has it before the answer is given, so the log is asked, and no grain that
/// may be on the move.
/// </summary>
public sealed class LogReads(ISharedLog log, ChainStore replica, TimeProvider time) : ILeaderReads
{
    // A replica that is further behind than this is not waited for.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public async Task<LeaderNonce> GetNonceAsync(ReadOnlyMemory<byte> publicKey)
    {
        var sender = new PublicKey(publicKey.Span);
        try
        {
            var (next, tip) = await log.FindNonceAsync(sender);
            if (next is { } pending)
            {
                return new LeaderNonce(true, pending);
            }

            if (tip.Height > replica.Tip.Height)
            {
                await replica.WaitForTipAsync(tip.Height - 1, Patience, time);
            }

            return replica.Tip.Height >= tip.Height ? new LeaderNonce(true, await replica.GetChainNonceAsync(sender)) : LeaderNonce.Unreachable;
        }
        catch (LogUnavailableException)
        {
            return LeaderNonce.Unreachable;
        }
    }

    /// <inheritdoc />
    public async Task<LeaderMessage> GetMessageAsync(ReadOnlyMemory<byte> id)
    {
        try
        {
            return new LeaderMessage(true, await log.FindMessageAsync(new MessageId(new Hash32(id.Span))));
        }
        catch (LogUnavailableException)
        {
            return LeaderMessage.Unreachable;
        }
    }
}
