using Kimura.Chain;
using Kimura.Storage.Ledger;

namespace Kimura.Storage.Log;

/// <summary>Height and hash of a log's newest block.</summary>
public readonly record struct LogTip(ulong Height, BlockHash Hash);

/// <summary>The messages that are in no block, oldest first, as they were when the tip was <paramref name="Tip"/>.</summary>
public sealed record PendingPool(LogTip Tip, IReadOnlyList<PendingMessage> Messages);
