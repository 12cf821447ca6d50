using Kimura.Chain.Verification;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Storage.Ledger.Mending;
using Kimura.Tests.Unit.Chain;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger.Mending;

public sealed class RebuildTests : IAsyncLifetime
{
    private readonly Dictionary<ulong, Delivery> _elsewhere = [];
    private LedgerFixture _old = null!;
    private LedgerFixture _new = null!;

    public async ValueTask InitializeAsync()
    {
        _old = await IntegrityCheckTests.ChainAsync();
        for (var height = 1ul; height <= _old.Chain.Tip.Height; height++)
        {
            var block = (await _old.Chain.GetBlockAsync(height))!;
            var bodies = new List<Kimura.Chain.Messages.Message>();
            for (var i = 0; i < block.Count; i++)
            {
                bodies.Add((await _old.Chain.GetMessageAsync(block, i)).Message);
            }

            _elsewhere.Add(height, new Delivery(block, bodies));
        }

        _new = await LedgerFixture.CreateAsync(_old.Parameters);
    }

    public async ValueTask DisposeAsync()
    {
        await _new.DisposeAsync();
        await _old.DisposeAsync();
    }

    [Fact]
    public async Task Whole_chain_is_taken_over_and_the_two_are_the_same()
    {
        Assert.Null(await Rebuild(fetches: false).RunAsync(TestContext.Current.CancellationToken));
        await SameAsync();
    }

    [Fact]
    public async Task What_is_damaged_is_fetched_and_the_rest_taken_over()
    {
        await _old.PutAsync(Family.Blocks, Bytes.BlockKey(2), null);
        await _old.PutAsync(Family.Messages, [.. Bytes.Ascii("msg:"), .. _elsewhere[4].Block.IdAt(0).Value.ToArray()], [1, 2, 3]);
        var rebuild = Rebuild(fetches: true);

        Assert.Null(await rebuild.RunAsync(TestContext.Current.CancellationToken));
        Assert.Equal(2, rebuild.Fetched);
        var check = new IntegrityCheck(_new.Store, _new.Chain, _new.Producers, InlineWorkers.Instance, NullLogger.Instance);
        await check.RunAsync(VerifyMode.Full, TestContext.Current.CancellationToken);
        Assert.Equal(_old.Chain.Tip.Hash, _new.Chain.Tip.Hash);
    }

    [Fact]
    public async Task Rebuilding_ends_before_the_first_block_that_nobody_gives()
    {
        await _old.PutAsync(Family.Blocks, Bytes.BlockKey(3), null);

        Assert.Equal(3ul, await Rebuild(fetches: false).RunAsync(TestContext.Current.CancellationToken));
        Assert.Equal(2ul, _new.Chain.Tip.Height);
    }

    [Fact]
    public async Task False_block_from_elsewhere_is_not_taken()
    {
        await _old.PutAsync(Family.Blocks, Bytes.BlockKey(2), null);
        _elsewhere[2] = new Delivery(LedgerFixture.Forge(_elsewhere[2].Block.Header, "bob"), []);

        Assert.Equal(2ul, await Rebuild(fetches: true).RunAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Pending_messages_and_evidence_are_carried_over()
    {
        var pending = await _old.SubmitAsync("alice", "alice", "bob");
        await _old.Chain.KeepEquivocationAsync(_old.BlockOn(_elsewhere[1].Block, LedgerFixture.Start + 777).Header);
        await Rebuild(fetches: false).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(3, await LocalRecords.CopyPendingAsync(_old.Store, _new.Store, _new.Chain));
        Assert.True(await LocalRecords.CopyOthersAsync(_old.Store, _new.Store));
        await _new.ReopenAsync();
        Assert.Equal(pending.Select(message => message.Id), _new.Chain.GetAllPending().Select(message => message.Id));
        Assert.Equal(1, _new.Chain.EquivocationCount);
        await SameAsync();
    }

    [Fact]
    public async Task Pool_that_cannot_be_read_whole_is_said_and_not_cut()
    {
        var pending = (await _old.SubmitAsync("alice"))[0];
        byte[] key = [.. Bytes.Ascii("pending:"), .. pending.Id.Value.ToArray()];
        var value = (byte[])(await _old.Store.GetAsync(Family.Pending, key))!.Clone();
        value[^1] ^= 1;
        await _old.PutAsync(Family.Pending, key, value);

        var refusal = await Assert.ThrowsAsync<StorageException>(() => LocalRecords.CopyPendingAsync(_old.Store, _new.Store, _new.Chain));
        Assert.Equal(StorageFault.Corrupt, refusal.Fault);
    }

    private ChainRebuild Rebuild(bool fetches) => new(
        _old.Store, _new.Chain, _old.Producers, withBodies: true, height => Task.FromResult(fetches && _elsewhere.TryGetValue(height, out var block) ? block : default(Delivery?)));

    private async Task SameAsync()
    {
        foreach (var family in (Family[])[Family.Blocks, Family.Messages, Family.Metadata, Family.Pending])
        {
            Assert.Equal(await _old.DumpAsync(family), await _new.DumpAsync(family));
        }
    }
}
