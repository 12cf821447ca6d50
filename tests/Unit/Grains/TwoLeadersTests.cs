using Kimura.Interfaces;
using Kimura.Tests.Unit.Chain.Golden;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Grains;

/// <summary>Two clusters that do not know of each other over one store: what a split looks like from the disk.</summary>
public sealed class TwoLeadersTests
{
    [Fact]
    public async Task Of_two_leaders_only_the_newest_commits()
    {
        await using var node = await GrainFixture.CreateAsync();
        var old = node.Leader;
        await node.Leader.KeepAliveAsync();
        await node.TickAsync();
        var young = (await node.StartClusterAsync()).GetGrain<ILeaderGrain>(0);
        Assert.Equal(new LeaderStatus(2, 1, false), await young.KeepAliveAsync());

        for (var round = 0ul; round < 3; round++)
        {
            // Both are due; the one whose epoch is over commits nothing, and when it is asked again it takes a new epoch.
            node.Time.Advance(GrainFixture.Interval);
            Assert.Equal(new LeaderStatus(2 + round, 2 + round, false), await young.KeepAliveAsync());
            Assert.Equal(new LeaderStatus(3 + round, 2 + round, false), await old.KeepAliveAsync());
            (old, young) = (young, old);
        }

        var blocks = await LeaderTests.BlocksAsync(node);
        Assert.Equal([1ul, 2ul, 3ul, 4ul], blocks.Select(block => block.Height));
        Assert.Equal(4, node.Log.Lines.Count(line => line.Text.StartsWith("Produced block", StringComparison.Ordinal)));
        Assert.Equal(
            ["Epoch 1 is over, 2 leads now", "Epoch 2 is over, 3 leads now", "Epoch 3 is over, 4 leads now"],
            node.Log.Lines.Where(line => line.Level == LogLevel.Warning).Select(line => line.Text));
    }

    [Fact]
    public async Task A_new_leader_waits_for_the_block_that_the_old_one_is_writing_and_follows_it()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.Leader.KeepAliveAsync();
        var guarded = await node.AcceptAsync("alice");
        node.Ledger.Store.Hold();
        node.Time.Advance(GrainFixture.Interval);
        await node.Ledger.Store.Reached;

        var young = (await node.StartClusterAsync()).GetGrain<ILeaderGrain>(0);
        var started = young.KeepAliveAsync();
        node.Ledger.Store.Release();

        var status = await started;
        Assert.Equal(2ul, status.Epoch);
        Assert.Equal(1ul, status.Height);
        node.Time.Advance(GrainFixture.Interval);
        await young.KeepAliveAsync();
        var blocks = await LeaderTests.BlocksAsync(node);
        Assert.Equal([1, 0], blocks.Select(block => block.Count));
        Assert.Equal(guarded.ComputeId(), blocks[0].IdAt(0));
    }

    [Fact]
    public async Task Of_two_pools_only_the_newest_stores_and_the_older_one_starts_anew()
    {
        await using var node = await GrainFixture.CreateAsync();
        await node.AcceptAsync("alice");
        var young = (await node.StartClusterAsync()).GetGrain<IPendingPoolGrain>(0);
        var second = node.Ledger.Sign("alice");
        Assert.Equal([SubmissionOutcome.Accepted], GrainFixture.Outcomes(await GrainFixture.AdmitAsync(young, second)));

        var third = node.Ledger.Sign("bob");
        Assert.Equal([SubmissionOutcome.Unavailable], GrainFixture.Outcomes(await node.AdmitAsync(third)));
        Assert.Equal(0ul, await node.Ledger.Chain.GetNonceAsync(TestKeys.Public("bob")));

        // The new activation has read what the other one stored.
        Assert.Equal(
            [SubmissionOutcome.Accepted, SubmissionOutcome.Duplicate, SubmissionOutcome.Accepted],
            GrainFixture.Outcomes(await node.AdmitAsync(third, second, node.Ledger.Sign("alice"))));
        Assert.Equal(3ul, node.Ledger.Chain.PoolEpoch);
        Assert.Equal([0ul, 1ul, 2ul, 3ul], node.Ledger.Chain.GetAllPending().Select(message => message.Arrival));
        Assert.Equal([SubmissionOutcome.Unavailable], GrainFixture.Outcomes(await GrainFixture.AdmitAsync(young, node.Ledger.Sign("carol"))));
    }

    [Fact]
    public async Task An_activation_that_comes_too_late_leads_nothing_and_the_next_one_may()
    {
        await using var node = await GrainFixture.CreateAsync();
        Assert.True(await node.Ledger.Chain.TakeLeaderEpochAsync(2));
        Assert.True(await node.Ledger.Chain.TakePoolEpochAsync(2));

        var late = await Assert.ThrowsAsync<Kimura.Grains.InconsistentEpochException>(node.Leader.KeepAliveAsync);
        Assert.Equal("epoch 1 was taken, but 2 is in force", late.Message);
        Assert.Equal([SubmissionOutcome.Unavailable], GrainFixture.Outcomes(await node.SubmitAsync(node.Ledger.Sign("alice"))));

        await Assert.ThrowsAsync<Kimura.Grains.InconsistentEpochException>(node.Leader.KeepAliveAsync);
        Assert.Equal(3ul, (await node.Leader.KeepAliveAsync()).Epoch);
    }
}
