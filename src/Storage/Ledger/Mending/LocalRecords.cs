using Kimura.Chain;
using Kimura.Chain.Messages;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.Ledger.Mending;

/// <summary>Carries over what no other node has: answered messages that are in no block, the grains' state, evidence.</summary>
public static class LocalRecords
{
    private const int BatchRecords = 1_000;

    /// <summary>Every pending message that the new chain does not hold; how many there are.</summary>
    /// <exception cref="StorageException">Corrupt: they cannot all be read, or what is read is no pending message.</exception>
    public static async Task<int> CopyPendingAsync(IKeyValueStore from, IKeyValueStore to, ChainStore chain)
    {
        var count = 0;
        var batch = new WriteBatch();
        await foreach (var (key, value) in from.IterateAsync(Family.Pending, LedgerKeys.PendingPrefix, default))
        {
            if (value.Length < 8 || !Message.TryDecode(value.AsMemory(8), ChainParameters.ContentLimit, out var message)
                || !LedgerKeys.Pending(message.ComputeId().Value).AsSpan().SequenceEqual(key) || !message.HasValidSignature(chain.Parameters))
            {
                throw new StorageException(StorageFault.Corrupt, $"what is stored under the key {Convert.ToHexStringLower(key)} is no pending message");
            }

            if (await to.GetAsync(Family.Messages, LedgerKeys.Message(message.ComputeId().Value)) is null)
            {
                batch.Put(Family.Pending, key, value);
                count++;
                await FlushAsync(to, batch, BatchRecords);
            }
        }

        await FlushAsync(to, batch, 1);
        return count;
    }

    /// <summary>The grains' state and the evidence, as far as they can be read; false where not all of it can.</summary>
    public static async Task<bool> CopyOthersAsync(IKeyValueStore from, IKeyValueStore to)
    {
        var areStatesWhole = await TryCopyAsync(from, to, Family.Grains, []);
        return await TryCopyAsync(from, to, Family.Metadata, LedgerKeys.EquivocationPrefix) && areStatesWhole;
    }

    private static async Task<bool> TryCopyAsync(IKeyValueStore from, IKeyValueStore to, Family family, byte[] prefix)
    {
        var batch = new WriteBatch();
        try
        {
            await foreach (var (key, value) in from.IterateAsync(family, prefix, default))
            {
                batch.Put(family, key, value);
                await FlushAsync(to, batch, BatchRecords);
            }

            return true;
        }
        catch (StorageException damage) when (damage.Fault == StorageFault.Corrupt)
        {
            return false;
        }
        finally
        {
            await FlushAsync(to, batch, 1);
        }
    }

    private static async Task FlushAsync(IKeyValueStore to, WriteBatch batch, int least)
    {
        if (batch.Count >= least)
        {
            await to.CommitAsync(batch, sync: true);
            batch.Clear();
        }
    }
}
