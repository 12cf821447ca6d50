using Kimura.Chain.Blocks;
using Kimura.Storage.KeyValue;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

public sealed class EquivocationTests
{
    [Fact]
    public async Task A_second_block_is_kept_as_its_header_once()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync();
        var second = ledger.BlockOn(ledger.Parameters.Genesis, LedgerFixture.Start + 1);
        var third = ledger.BlockOn(ledger.Parameters.Genesis, LedgerFixture.Start + 2);

        Assert.True(await ledger.Chain.KeepEquivocationAsync(second.Header));
        Assert.False(await ledger.Chain.KeepEquivocationAsync(second.Header));
        Assert.True(await ledger.Chain.KeepEquivocationAsync(third.Header));

        Assert.Equal(2, ledger.Chain.EquivocationCount);
        byte[] key = [.. Bytes.Ascii("equivocation:"), .. Bytes.U64(1), .. second.Hash.Value.ToArray()];
        var header = new byte[BlockHeader.Size];
        second.Header.WriteTo(header);
        Assert.Equal(header, await ledger.Store.GetAsync(Family.Metadata, key));
        await ledger.ReopenAsync();
        Assert.Equal(2, ledger.Chain.EquivocationCount);
        Assert.False(await ledger.Chain.KeepEquivocationAsync(third.Header));
    }

    [Fact]
    public async Task The_same_block_from_many_sides_at_once_is_kept_once()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var second = ledger.BlockOn(ledger.Parameters.Genesis, LedgerFixture.Start + 1);

        var kept = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ledger.Chain.KeepEquivocationAsync(second.Header).AsTask()));

        Assert.Equal(1, kept.Count(one => one));
        Assert.Equal(1, ledger.Chain.EquivocationCount);
    }

    [Fact]
    public async Task No_more_than_a_thousand_are_kept()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var batch = new WriteBatch();
        for (var i = 0u; i < 999; i++)
        {
            batch.Put(Family.Metadata, [.. Bytes.Ascii("equivocation:"), .. Bytes.U64(1), .. new byte[28], .. Bytes.U32(i)], new byte[BlockHeader.Size]);
        }

        await ledger.Store.CommitAsync(batch, sync: true);
        await ledger.ReopenAsync();
        Assert.Equal(999, ledger.Chain.EquivocationCount);

        Assert.True(await ledger.Chain.KeepEquivocationAsync(ledger.BlockOn(ledger.Parameters.Genesis, LedgerFixture.Start + 1).Header));
        Assert.False(await ledger.Chain.KeepEquivocationAsync(ledger.BlockOn(ledger.Parameters.Genesis, LedgerFixture.Start + 2).Header));
        Assert.Equal(1_000, ledger.Chain.EquivocationCount);
    }
}
