using Kimura.Chain.Messages;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>A chain cut back to a height is, byte by byte, the chain that ended there.</summary>
public sealed class TruncationTests
{
    private static readonly Family[] OfTheChain = [Family.Blocks, Family.Messages, Family.Metadata, Family.Pending];

    [Fact]
    public async Task Cut_back_to_any_height_the_database_holds_exactly_what_it_held_there()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        string[][] blocks = [["alice", "bob", "alice"], [], ["bob"], ["carol", "alice", "carol", "carol"], ["alice"], []];
        var held = new List<string> { await DumpAsync(ledger) };
        foreach (var senders in blocks)
        {
            await ledger.ProduceAsync(senders);
            held.Add(await DumpAsync(ledger));
        }

        await new IntegrityCheck(ledger.Store, ledger.Chain, ledger.Producers, InlineWorkers.Instance, NullLogger.Instance).RunAsync(VerifyMode.Headers);
        for (var height = blocks.Length; height >= 0; height--)
        {
            await TruncateAsync(ledger, (ulong)height);
            Assert.Equal(held[height], await DumpAsync(ledger));
            await ledger.ReopenAsync();
            Assert.Equal((ulong)height, ledger.Chain.Tip.Height);
        }
    }

    [Fact]
    public async Task Cut_back_by_many_blocks_at_once_the_chain_goes_on_with_the_nonces_of_its_height()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("alice", "bob");
        var held = await DumpAsync(ledger);
        await ledger.ProduceAsync("alice", "alice");
        await ledger.ProduceAsync("carol", "bob");

        await TruncateAsync(ledger, 1);

        Assert.Equal(held, await DumpAsync(ledger));
        await ledger.ReopenAsync();
        var again = ledger.Number(ledger.Sign("alice", 1, "another second message"));
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.StorePendingAsync(1, [again]));
        Assert.Equal(CommitOutcome.Committed, await ledger.Chain.CommitProducedAsync(1, ledger.Next(again)));
        await new IntegrityCheck(ledger.Store, ledger.Chain, ledger.Producers, InlineWorkers.Instance, NullLogger.Instance).RunAsync(VerifyMode.Full);
    }

    [Fact]
    public async Task At_the_tip_what_is_pending_stays_and_below_it_goes()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("alice");
        await ledger.ProduceAsync("alice");
        await ledger.SubmitAsync("alice", "bob");

        await TruncateAsync(ledger, 2);
        await ledger.ReopenAsync();
        Assert.Equal(2, ledger.Chain.PendingCount);

        await TruncateAsync(ledger, 1);
        await ledger.ReopenAsync();
        Assert.Equal(0, ledger.Chain.PendingCount);
        Assert.Empty(await ledger.DumpAsync(Family.Pending));
    }

    [Fact]
    public async Task What_an_earlier_check_covered_is_forgotten_even_at_the_tip()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("alice");
        var before = await DumpAsync(ledger);
        await new IntegrityCheck(ledger.Store, ledger.Chain, ledger.Producers, InlineWorkers.Instance, NullLogger.Instance).RunAsync(VerifyMode.Headers);
        Assert.NotEqual(before, await DumpAsync(ledger));

        await TruncateAsync(ledger, 1);

        Assert.Equal(before, await DumpAsync(ledger));
    }

    [Fact]
    public async Task Evidence_above_the_height_goes_and_evidence_at_or_below_it_stays()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        for (var i = 0; i < 4; i++)
        {
            var below = ledger.Chain.Tip;
            await ledger.ProduceAsync("alice");
            Assert.True(await ledger.Chain.KeepEquivocationAsync(ledger.BlockOn(below, LedgerFixture.Start + 50_000).Header));
        }

        await TruncateAsync(ledger, 2);
        await ledger.ReopenAsync();

        Assert.Equal(2, ledger.Chain.EquivocationCount);
    }

    [Fact]
    public async Task Without_bodies_too_any_height_holds_what_it_held()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var held = new List<string> { await DumpAsync(ledger) };
        for (var height = 1ul; height <= 6; height++)
        {
            Message[] messages = [ledger.Sign("alice"), ledger.Sign("bob")];
            var now = LedgerFixture.Start + (1_000 * height);
            if (height <= 2)
            {
                await ledger.FollowAsync(now, messages);
            }
            else
            {
                await ledger.FollowListAsync(now, messages);
            }

            held.Add(await DumpAsync(ledger));
        }

        // Fetched later: it goes with its block.
        var fetched = (await ledger.Chain.GetBlockAsync(5))!.IdAt(1);
        Assert.True(await ledger.Chain.KeepBodyAsync(fetched, ledger.Sign("bob", 4, "content").Encoding));
        for (var height = 4; height >= 0; height--)
        {
            await TruncateAsync(ledger, (ulong)height);
            Assert.Equal(held[height], await DumpAsync(ledger));
        }

        await ledger.ReopenAsync();
        Assert.Null(ledger.Chain.BodiesHeight);
    }

    [Fact]
    public async Task A_height_that_the_chain_does_not_reach_is_refused_and_nothing_is_changed()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("alice");
        var before = await DumpAsync(ledger);

        var refusal = await Assert.ThrowsAsync<StorageException>(() => new ChainTruncation(ledger.Store).RunAsync(2));

        Assert.Equal((StorageFault.Refused, "the database ends at height 1, below 2"), (refusal.Fault, refusal.Message));
        Assert.Equal(before, await DumpAsync(ledger));
    }

    [Fact]
    public async Task A_message_that_is_missing_is_named_and_its_block_stays()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("alice");
        var block = await ledger.ProduceAsync("bob", "carol");
        await ledger.PutAsync(Family.Messages, [.. Bytes.Ascii("msg:"), .. block.IdAt(1).Value.ToArray()], null);

        var refusal = await Assert.ThrowsAsync<StorageException>(() => new ChainTruncation(ledger.Store).RunAsync(0));

        Assert.Equal((StorageFault.Corrupt, $"block 2 lacks its message 1 ({block.IdAt(1)}): the database is damaged"), (refusal.Fault, refusal.Message));
        await ledger.ReopenAsync();
        Assert.Equal(2ul, ledger.Chain.Tip.Height);
    }

    private static Task TruncateAsync(LedgerFixture ledger, ulong height) => new ChainTruncation(ledger.Store).RunAsync(height);

    private static async Task<string> DumpAsync(LedgerFixture ledger)
    {
        var lines = new List<string>();
        foreach (var family in OfTheChain)
        {
            lines.AddRange((await ledger.DumpAsync(family)).Select(pair => $"{family} {pair.Key} {pair.Value}"));
        }

        return string.Join('\n', lines);
    }
}
