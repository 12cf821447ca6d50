using Kimura.Storage.Ledger;
using Kimura.Storage.Log;
using Kimura.Tests.Unit.Cluster.Logs;
using Kimura.Tests.Unit.Storage.Ledger;
using Xunit;

namespace Kimura.Tests.Unit.Cluster.Postgres;

/// <summary>Connections that break in the middle of a commit: what was answered is there, and what is found to be missing never comes.</summary>
public sealed class CutCommitTests(SharedServer server)
{
    [Theory]
    [InlineData(CutKind.AnswerLost)]
    [InlineData(CutKind.CutBehind)]
    [InlineData(CutKind.RequestLost)]
    [InlineData(CutKind.RequestLate)]
    public async Task A_cut_under_a_write_to_the_pool_is_found_out(CutKind kind)
    {
        await using var test = await CutTest.StartAsync(await server.GetAsync());
        var message = test.Number("alice");
        test.Proxy.Arm(kind);
        var outcome = await test.Log.StorePendingAsync(1, [message]);
        await test.CheckAsync(kind, outcome, async () => (await test.Direct.ReadPendingAsync()).Messages.Any(pending => pending.Id == message.Id));

        // The next epoch goes on from what is there.
        Assert.True(await test.Log.TakePoolEpochAsync(2));
        var pool = await test.Log.ReadPendingAsync();
        var next = pool.Messages.Count == 0 ? message : test.Number("alice");
        Assert.Equal(CommitOutcome.Committed, await test.Log.StorePendingAsync(2, [next]));
        if (kind == CutKind.RequestLate)
        {
            await test.Proxy.ReleaseAsync();
        }

        Assert.Equal(pool.Messages.Count + 1, (await test.Direct.ReadPendingAsync()).Messages.Count);
    }

    [Theory]
    [InlineData(CutKind.AnswerLost)]
    [InlineData(CutKind.CutBehind)]
    [InlineData(CutKind.RequestLost)]
    [InlineData(CutKind.RequestLate)]
    public async Task A_cut_under_the_commit_of_a_block_is_found_out(CutKind kind)
    {
        await using var test = await CutTest.StartAsync(await server.GetAsync());
        var message = test.Number("alice");
        Assert.Equal(CommitOutcome.Committed, await test.Log.StorePendingAsync(1, [message]));
        var genesis = test.Ledger.Parameters.Genesis;
        var first = test.Ledger.BlockOn(genesis, LedgerFixture.Start, message.Message);
        test.Proxy.Arm(kind);
        var outcome = await test.Log.CommitProducedAsync(1, first);
        await test.CheckAsync(kind, outcome, async () => (await test.Direct.ReadTipAsync()).Height == 1);

        Assert.True(await test.Log.TakeLeaderEpochAsync(2));
        var tip = await test.Log.ReadTipAsync();
        var below = tip.Height == 0 ? genesis : first;
        var next = test.Ledger.BlockOn(below, LedgerFixture.Start + 5_000, tip.Height == 0 ? [message.Message] : []);
        Assert.Equal(CommitOutcome.Committed, await test.Log.CommitProducedAsync(2, next));
        if (kind == CutKind.RequestLate)
        {
            await test.Proxy.ReleaseAsync();
        }

        Assert.Equal(new LogTip(below.Height + 1, next.Hash), await test.Direct.ReadTipAsync());
        Assert.Single((await test.Direct.ReadBlocksAsync(1, 10)).SelectMany(delivery => delivery.Bodies!));
    }

    private sealed class CutTest(LedgerFixture ledger, PostgresProxy proxy, ISharedLog log, ISharedLog direct) : IAsyncDisposable
    {
        public LedgerFixture Ledger => ledger;

        public PostgresProxy Proxy => proxy;

        /// <summary>Through the proxy.</summary>
        public ISharedLog Log => log;

        /// <summary>Past it.</summary>
        public ISharedLog Direct => direct;

        public static async Task<CutTest> StartAsync(PostgresServer server)
        {
            var ledger = await LedgerFixture.CreateAsync();
            var database = await server.CreateDatabaseAsync();
            var proxy = new PostgresProxy(server.Port);
            var log = await PostgresLogs.OpenAsync(PostgresServer.Through(database, proxy.Endpoint), ledger);
            Assert.True(await log.TakePoolEpochAsync(1));
            Assert.True(await log.TakeLeaderEpochAsync(1));
            return new CutTest(ledger, proxy, log, await PostgresLogs.OpenAsync(database, ledger));
        }

        public PendingMessage Number(string sender) => ledger.Number(ledger.Sign(sender));

        /// <summary>Committed is there; what is not there is unknown, and never called committed.</summary>
        public async Task CheckAsync(CutKind kind, CommitOutcome outcome, Func<Task<bool>> isThere)
        {
            switch (kind)
            {
                case CutKind.AnswerLost:
                    Assert.Equal(CommitOutcome.Committed, outcome);
                    break;
                case CutKind.CutBehind:
                    // The server may be at any point: only this one answer would be wrong.
                    Assert.True(outcome == CommitOutcome.Unknown || (outcome == CommitOutcome.Committed && await isThere()), $"{outcome}");
                    return;
                default:
                    Assert.Equal(CommitOutcome.Unknown, outcome);
                    break;
            }

            Assert.Equal(outcome == CommitOutcome.Committed, await isThere());
        }

        public async ValueTask DisposeAsync()
        {
            await ((IAsyncDisposable)log).DisposeAsync();
            await ((IAsyncDisposable)direct).DisposeAsync();
            await proxy.DisposeAsync();
            await ledger.DisposeAsync();
        }
    }
}
