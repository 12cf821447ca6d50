using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Kimura.Tests.Unit.Chain.Golden;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Logs;

/// <summary>What a log that silos share does beyond that.</summary>
public abstract class SharedLogContract : ChainLogContract
{
    private protected abstract Task<SharedLogs> OpenSharedAsync(LedgerFixture ledger);

    private protected override async Task<LogUnderTest> OpenAsync()
    {
        var ledger = await LedgerFixture.CreateAsync();
        var logs = await OpenSharedAsync(ledger);
        return new LogUnderTest(ledger, logs.Own);
    }

    [Fact]
    public async Task What_one_silo_writes_the_other_reads()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await using var logs = await OpenSharedAsync(ledger);
        var test = new LogUnderTest(ledger, logs.Own);
        await test.TakeEpochsAsync();
        PendingMessage[] messages = [test.Number("alice"), test.Number("alice"), test.Number("bob")];
        Assert.Equal(CommitOutcome.Committed, await logs.Own.StorePendingAsync(1, messages));
        Assert.Equal((2ul, 0ul), Shown(await logs.Other.FindNonceAsync(TestKeys.Public("alice"))));
        Assert.Equal(messages[0].Message.Encoding.ToArray(), (await logs.Other.FindMessageAsync(messages[0].Id))?.ToArray());

        var block = test.BlockOn(ledger.Parameters.Genesis, messages[..2]);
        Assert.Equal(CommitOutcome.Committed, await logs.Own.CommitProducedAsync(1, block));
        Assert.Equal((null, 1ul), Shown(await logs.Other.FindNonceAsync(TestKeys.Public("alice"))));
        Assert.Equal((1ul, 1ul), Shown(await logs.Other.FindNonceAsync(TestKeys.Public("bob"))));
        Assert.Equal(messages[1].Message.Encoding.ToArray(), (await logs.Other.FindMessageAsync(messages[1].Id))?.ToArray());
        Assert.Null(await logs.Other.FindMessageAsync(test.Number("carol").Id));
        Assert.True(await logs.Other.HoldsAsync(new LogTip(1, block.Hash)));
        Assert.False(await logs.Other.HoldsAsync(new LogTip(2, block.Hash)));
        Assert.False(await logs.Other.HoldsAsync(new LogTip(1, ledger.Parameters.Genesis.Hash)));
        Assert.False(await logs.Other.MayFollowAsync(test.BlockOn(block)));
    }

    [Fact]
    public async Task The_newest_epoch_of_another_silo_ends_this_ones()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await using var logs = await OpenSharedAsync(ledger);
        var test = new LogUnderTest(ledger, logs.Own);
        await test.TakeEpochsAsync();
        Assert.True(await logs.Own.NameLeaderAsync(1, new LeaderPlace("Silo_0", new byte[] { 1, 2 })));
        var first = await logs.Other.ReadNewsAsync();
        Assert.Equal((1ul, "Silo_0", "0102"), (first.LeaderEpoch, first.Leader!.Silo, Convert.ToHexString(first.Leader.Host.Span)));

        Assert.True(await logs.Other.TakeLeaderEpochAsync(2));
        Assert.True(await logs.Other.TakePoolEpochAsync(2));
        Assert.Null((await logs.Other.ReadNewsAsync()).Leader);
        Assert.False(await logs.Own.NameLeaderAsync(1, new LeaderPlace("Silo_0", new byte[] { 1 })));
        Assert.Equal(1ul, logs.Own.PoolEpoch);
        Assert.True(await logs.Other.IsPoolEpochAsync(2));
        Assert.Equal(CommitOutcome.Fenced, await logs.Own.StorePendingAsync(1, [test.Number("alice")]));
        Assert.Equal(0ul, logs.Own.PoolEpoch);
        Assert.Equal(CommitOutcome.Fenced, await logs.Own.CommitProducedAsync(1, test.BlockOn(ledger.Parameters.Genesis)));
        Assert.Equal(2ul, logs.Own.LeaderEpoch);
        Assert.Equal(new LogNews(new LogTip(0, ledger.Parameters.Genesis.Hash), 2, null), await logs.Own.ReadNewsAsync());
    }

    [Fact]
    public async Task A_block_is_news_to_who_waits()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await using var logs = await OpenSharedAsync(ledger);
        var test = new LogUnderTest(ledger, logs.Own);
        await test.TakeEpochsAsync();
        var stop = TestContext.Current.CancellationToken;

        // The first call may only begin to listen: what it missed is to be looked up.
        await logs.Other.WaitForNewsAsync(TimeSpan.FromMilliseconds(1), stop);
        var waiting = logs.Other.WaitForNewsAsync(TimeSpan.FromMinutes(1), stop);
        Assert.Equal(CommitOutcome.Committed, await logs.Own.CommitProducedAsync(1, test.BlockOn(ledger.Parameters.Genesis)));
        await waiting.WaitAsync(TimeSpan.FromSeconds(20), stop);
        Assert.Equal(1ul, (await logs.Other.ReadNewsAsync()).Tip.Height);
        await logs.Other.WaitForNewsAsync(TimeSpan.FromMilliseconds(1), stop);
    }

    private static (ulong?, ulong) Shown((ulong? Next, LogTip Tip) nonce) => (nonce.Next, nonce.Tip.Height);
}

/// <summary>One log as two silos see it.</summary>
internal sealed record SharedLogs(ISharedLog Own, ISharedLog Other) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        foreach (var log in new[] { Own, Other })
        {
            if (log is IAsyncDisposable open)
            {
                await open.DisposeAsync();
            }
        }
    }
}
