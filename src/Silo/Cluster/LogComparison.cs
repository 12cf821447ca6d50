using Kimura.Storage;
using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Kimura.Storage.SignGuard;

namespace Kimura.Silo.Cluster;

/// <summary>Whether a silo's own database fits the cluster's log: it may be behind, never ahead or beside.</summary>
internal static class LogComparison
{
    /// <summary>Compares at the start.</summary>
    /// <exception cref="StorageException">Refused: the log has lost what this silo holds or has signed, or this database is of a node that ran alone.</exception>
    /// <exception cref="LogUnavailableException">The log cannot be reached.</exception>
    public static async Task CheckAsync(ISharedLog log, ChainStore replica, ISignGuard? guard)
    {
        var here = new LogTip(replica.Tip.Height, replica.Tip.Hash);
        var there = await log.ReadTipAsync();
        if (replica.PendingCount > 0)
        {
            throw Refused($"the database holds {replica.PendingCount} answered messages that are in no block, of a node that ran alone: start it alone until they are, or use another --db-path");
        }

        if (!await log.HoldsAsync(here))
        {
            throw IsBehind(here, there);
        }

        if (guard?.Last is { } signed && signed.Height > there.Height)
        {
            throw Refused($"the cluster's log ends at height {there.Height}, but this key has signed block {signed.Height}: the log was put back to an older state. "
                + "Restore the newer one; its blocks, too, are in the databases of the silos and peers");
        }
    }

    /// <summary>What the operator is told where a silo holds a block that the log does not.</summary>
    public static StorageException IsBehind(LogTip here, LogTip there) => Refused(
        there.Height < here.Height
            ? $"the cluster's log ends at height {there.Height}, but this silo holds block {here.Height} of it: the log was put back to an older state. Restore the newer one; "
                + "if this silo is of another cluster, use another --db-path"
            : $"block {here.Height} of this silo's database ({here.Hash}) is not the one in the cluster's log: it is of another cluster, use another --db-path, or the log was put back "
                + "to an older state and went on from there");

    private static StorageException Refused(string message) => new(StorageFault.Refused, message);
}
