using Kimura.Chain;
using Kimura.Chain.Blocks;
using Kimura.Chain.Verification;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain;
using Kimura.Tests.Unit.Chain.Golden;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

public sealed class IntegrityCheckTests
{
    private const string Remedy = "the database is damaged, restore it from a backup";
    private const string OtherKey = "give the key that it was made with, or use another --db-path";

    private readonly ListLogger _logger = new();

    [Theory]
    [InlineData(VerifyMode.Headers)]
    [InlineData(VerifyMode.Full)]
    public async Task A_true_chain_is_verified_and_counted(VerifyMode mode)
    {
        await using var ledger = await ChainAsync();

        await CheckAsync(ledger, mode);

        Assert.Equal((LogLevel.Information, "Chain integrity verified: 5 blocks"), Assert.Single(_logger.Lines));
    }

    [Theory]
    [InlineData(VerifyMode.Headers)]
    [InlineData(VerifyMode.Full)]
    public async Task A_chain_of_nothing_but_genesis_is_verified(VerifyMode mode)
    {
        await using var ledger = await LedgerFixture.CreateAsync();

        await CheckAsync(ledger, mode);
        await CheckAsync(ledger, mode);

        Assert.Equal(["Chain integrity verified: 1 blocks", "Chain integrity verified: 1 blocks"], _logger.Lines.Select(line => line.Text));
    }

    [Fact]
    public async Task The_tip_mode_looks_at_nothing_more_than_opening_does()
    {
        await using var ledger = await ChainAsync();
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(2), null);

        await CheckAsync(ledger, VerifyMode.Tip);

        Assert.Empty(_logger.Lines);
        Assert.Null(await Stores.GetAsync(ledger.Store, "meta:verified_height"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_missing_block_is_named(ulong height)
    {
        await using var ledger = await ChainAsync();
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(height), null);

        await RefusedAsync(ledger, VerifyMode.Headers, $"block {height} is missing: {Remedy}");
    }

    [Fact]
    public async Task Blocks_that_vanish_after_opening_are_named_from_the_first()
    {
        await using var ledger = await ChainAsync();
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(4), null);

        await RefusedAsync(ledger, VerifyMode.Headers, $"block 4 is missing: {Remedy}");
        for (var height = 0ul; height < 4; height++)
        {
            await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(height), null);
        }

        await RefusedAsync(ledger, VerifyMode.Headers, $"block 0 is missing: {Remedy}");
    }

    [Fact]
    public async Task A_block_above_the_last_height_is_named()
    {
        await using var ledger = await ChainAsync();
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(5), ledger.Next().Encoding.ToArray());

        await RefusedAsync(ledger, VerifyMode.Headers, $"block 5 is stored above the last height, 4: {Remedy}");
    }

    [Fact]
    public async Task A_block_under_a_key_that_is_no_height_is_shown()
    {
        await using var ledger = await ChainAsync();
        await ledger.PutAsync(Family.Blocks, Bytes.Ascii("block:12"), [1]);

        await RefusedAsync(ledger, VerifyMode.Headers, $"a block is stored under the key {Bytes.Hex(Bytes.Ascii("block:12"))}: {Remedy}");
    }

    [Fact]
    public async Task A_block_that_is_not_later_than_the_one_below_is_named()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var first = await ledger.ProduceAsync();
        var second = LedgerFixture.Forge(first.Header with { Height = 2, PrevHash = first.Hash }, "leader");
        await ledger.Chain.CommitFollowedAsync(second, []);

        await RefusedAsync(ledger, VerifyMode.Headers, $"block 2 is not later than the block before: {Remedy}");
    }

    [Fact]
    public async Task A_block_of_another_producer_is_named_with_both_keys()
    {
        await using var ledger = await ChainAsync();
        var tip = ledger.Chain.Tip;
        var foreign = LedgerFixture.Forge(new BlockHeader(5, tip.Header.Timestamp + 1, tip.Hash, default, default, default), "bob");
        await ledger.Chain.CommitFollowedAsync(foreign, []);

        await RefusedAsync(
            ledger,
            VerifyMode.Headers,
            $"block 5 was made by {TestKeys.Public("bob")}, not by the leader key {TestKeys.Public("leader")}: {OtherKey}",
            fault: StorageFault.Refused);
    }

    [Fact]
    public async Task Each_block_needs_the_key_of_its_height()
    {
        await using var ledger = await ChainAsync();
        var tip = ledger.Chain.Tip;
        var next = LedgerFixture.Forge(new BlockHeader(5, tip.Header.Timestamp + 1, tip.Hash, default, default, default), "bob");
        await ledger.Chain.CommitFollowedAsync(next, []);
        var (leader, bob) = (TestKeys.Public("leader"), TestKeys.Public("bob"));

        await CheckAsync(ledger, VerifyMode.Headers, new ProducerSchedule([(0, leader), (5, bob)]));
        await RefusedAsync(
            ledger,
            VerifyMode.Full,
            $"block 4 was made by {leader}, not by the leader key {bob}: {OtherKey}",
            new ProducerSchedule([(0, leader), (4, bob)]),
            StorageFault.Refused);
    }

    [Fact]
    public async Task What_was_covered_is_remembered_and_not_verified_again()
    {
        await using var ledger = await ChainAsync();
        await CheckAsync(ledger, VerifyMode.Headers);
        var digest = new EncodingDigest();
        for (var height = 1ul; height <= 4; height++)
        {
            digest.Add((await ledger.Chain.GetBlockAsync(height))!);
        }

        Assert.Equal(Bytes.U64(4), await ledger.Store.GetAsync(Family.Metadata, Bytes.Ascii("meta:verified_height")));
        Assert.Equal(digest.Current().ToArray(), await ledger.Store.GetAsync(Family.Metadata, Bytes.Ascii("meta:verified_digest")));
        await ledger.ProduceAsync();

        // Another schedule would refuse the covered blocks if their signatures were looked at again.
        var (leader, bob) = (TestKeys.Public("leader"), TestKeys.Public("bob"));
        await CheckAsync(ledger, VerifyMode.Headers, new ProducerSchedule([(0, bob), (5, leader)]));
        Assert.Equal(Bytes.U64(5), await ledger.Store.GetAsync(Family.Metadata, Bytes.Ascii("meta:verified_height")));
        await RefusedAsync(
            ledger,
            VerifyMode.Full,
            $"block 1 was made by {leader}, not by the leader key {bob}: {OtherKey}",
            new ProducerSchedule([(0, bob), (5, leader)]),
            StorageFault.Refused);
    }

    [Theory]
    [InlineData("meta:verified_height", "0000000000000009")]
    [InlineData("meta:verified_height", "04")]
    [InlineData("meta:verified_digest", "04")]
    [InlineData("meta:verified_digest", "0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task A_record_of_coverage_that_cannot_be_means_a_complete_check(string key, string value)
    {
        await using var ledger = await ChainAsync();
        await CheckAsync(ledger, VerifyMode.Headers);
        var before = await ledger.DumpAsync(Family.Metadata);
        await ledger.PutAsync(Family.Metadata, Bytes.Ascii(key), Convert.FromHexString(value));

        await CheckAsync(ledger, VerifyMode.Headers);

        Assert.Equal(before, await ledger.DumpAsync(Family.Metadata));
    }

    [Fact]
    public async Task The_first_of_two_damaged_blocks_is_named_though_both_were_covered()
    {
        await using var ledger = await ChainAsync();
        await CheckAsync(ledger, VerifyMode.Headers);
        var value = (await ledger.Store.GetAsync(Family.Blocks, Bytes.BlockKey(1)))!;
        value[Block.PrefixSize - 5] ^= 1;
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(1), value);
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(3), null);

        await RefusedAsync(
            ledger,
            VerifyMode.Headers,
            $"block 1 its producer's signature does not fit its hash {(await ledger.Chain.GetBlockAsync(1))!.Hash}: {Remedy}");
    }

    [Fact]
    public async Task A_check_can_be_cancelled_and_remembers_nothing()
    {
        await using var ledger = await ChainAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CheckAsync(ledger, VerifyMode.Headers, cancelled: true));

        Assert.Null(await Stores.GetAsync(ledger.Store, "meta:verified_height"));
        Assert.Empty(_logger.Lines);
    }

    internal static async Task<LedgerFixture> ChainAsync()
    {
        var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("alice");
        await ledger.ProduceAsync();
        await ledger.ProduceAsync("bob", "alice", "bob");
        await ledger.ProduceAsync("carol", "alice");
        return ledger;
    }

    private Task CheckAsync(LedgerFixture ledger, VerifyMode mode, ProducerSchedule? producers = null, bool cancelled = false) =>
        new IntegrityCheck(ledger.Store, ledger.Chain, producers ?? ledger.Producers, InlineWorkers.Instance, _logger)
            .RunAsync(mode, new CancellationToken(cancelled));

    private async Task RefusedAsync(LedgerFixture ledger, VerifyMode mode, string message, ProducerSchedule? producers = null, StorageFault fault = StorageFault.Corrupt)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(() => CheckAsync(ledger, mode, producers));
        Assert.Equal((fault, message), (refusal.Fault, refusal.Message));
    }
}
