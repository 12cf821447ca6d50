using Kimura.Chain.Blocks;
using Kimura.Storage.KeyValue;

namespace Kimura.Storage.Ledger;

/// <summary>Headers of second blocks at one height, kept as evidence: at most 1,000 (protocol section 3).</summary>
internal sealed class EquivocationLog(IKeyValueStore store, int count) : IDisposable
{
    private const int Limit = 1_000;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private int _count = count;

    public int Count => Volatile.Read(ref _count);

    public void Dispose() => _writing.Dispose();

    public async ValueTask<bool> KeepAsync(BlockHeader header)
    {
        await _writing.WaitAsync();
        try
        {
            var key = LedgerKeys.Equivocation(header.Height, header.ComputeHash());
            if (_count >= Limit || await store.GetAsync(Family.Metadata, key) is not null)
            {
                return false;
            }

            var bytes = new byte[BlockHeader.Size];
            header.WriteTo(bytes);
            var batch = new WriteBatch();
            batch.Put(Family.Metadata, key, bytes);
            await store.CommitAsync(batch, sync: true);
            Volatile.Write(ref _count, _count + 1);
            return true;
        }
        finally
        {
            _writing.Release();
        }
    }
}
