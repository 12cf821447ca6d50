using Kimura.Chain;
using Kimura.Chain.Merkle;
using Kimura.Interfaces;
using Kimura.Storage.Ledger;

namespace Kimura.Grains.Pool;

/// <summary>What a block may take of the pool: the oldest messages, up to the first that does not fit.</summary>
internal static class PoolSelection
{
    public static PendingSelection Of(IEnumerable<PendingMessage> stored, ChainParameters parameters, string silo)
    {
        var count = 0;
        long bytes = 0;
        foreach (var message in stored)
        {
            bytes += message.Message.Encoding.Length;
            if (count == parameters.MaxMessages || bytes > parameters.MaxMessageBytes)
            {
                break;
            }

            count++;
        }

        var entries = new byte[count * MerkleTree.EntrySize];
        ulong latest = 0;
        var at = 0;
        foreach (var message in stored.Take(count))
        {
            message.Id.Value.CopyTo(entries.AsSpan(at));
            message.Hash.Value.CopyTo(entries.AsSpan(at + Hash32.Size));
            latest = Math.Max(latest, message.Message.Timestamp);
            at += MerkleTree.EntrySize;
        }

        return new PendingSelection(entries, latest, silo);
    }
}
