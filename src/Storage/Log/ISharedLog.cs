using Kimura.Chain;

namespace Kimura.Storage.Log;

/// <summary>
/// The log that the silos of a cluster share, which each silo's own store is a verified replica of. Any member throws
/// <see cref="LogUnavailableException"/> while it cannot be reached, and may be called from any thread.
/// </summary>
public interface ISharedLog : IChainLog
{
    /// <summary>How far the log is and who leads, in one look.</summary>
    Task<LogNews> ReadNewsAsync();

    /// <summary>Waits for a block to be announced, a bounded time: then, or after a lost announcement, it is time to look.</summary>
    Task WaitForNewsAsync(TimeSpan within, CancellationToken cancellationToken);

    /// <summary>Says who holds the leader's epoch; false where that is over.</summary>
    Task<bool> NameLeaderAsync(ulong epoch, LeaderPlace place);

    /// <summary>Whether the log holds this block.</summary>
    Task<bool> HoldsAsync(LogTip block);

    /// <summary>The encoding of a message that was answered, pending or in a block, or null.</summary>
    Task<ReadOnlyMemory<byte>?> FindMessageAsync(MessageId id);

    /// <summary>
    /// The nonce after a sender's last pending message, null where none is pending, and the tip as of the same moment: then the blocks up
    /// to there say it.
    /// </summary>
    Task<(ulong? Next, LogTip Tip)> FindNonceAsync(PublicKey sender);
}

/// <summary>How far the log is; who leads, where anybody said so.</summary>
public sealed record LogNews(LogTip Tip, ulong LeaderEpoch, LeaderPlace? Leader);

/// <summary>The leading silo's name and, as opaque bytes, where outside nodes reach it.</summary>
public sealed record LeaderPlace(string Silo, ReadOnlyMemory<byte> Host);
