using System.Text.RegularExpressions;
using Kimura.Chain.Messages;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain;
using Kimura.Tests.Unit.Chain.Golden;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>Damage of every kind in a small chain: the start-up refuses it and names exactly the damaged block.</summary>
public sealed class DamageTests
{
    private const string Remedy = "the database is damaged, restore it from a backup";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flipped_bit_in_any_byte_of_any_block_is_found_and_its_height_named(bool isCovered)
    {
        await using var ledger = await IntegrityCheckTests.ChainAsync();
        if (isCovered)
        {
            await StartAsync(ledger, VerifyMode.Headers);
        }

        var flips = 0;
        for (var height = 0ul; height <= ledger.Chain.Tip.Height; height++)
        {
            var value = (await ledger.Store.GetAsync(Family.Blocks, Bytes.BlockKey(height)))!;
            for (var offset = 0; offset < value.Length; offset++, flips++)
            {
                var flipped = (byte[])value.Clone();
                flipped[offset] ^= (byte)(1 << (offset % 8));
                await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(height), flipped);
                var refusal = await Assert.ThrowsAsync<StorageException>(() => StartAsync(ledger, VerifyMode.Headers));
                Assert.Equal(StorageFault.Corrupt, refusal.Fault);
                Assert.True(Regex.IsMatch(refusal.Message, $@"\Ablock {height}\b"), $"block {height}, byte {offset}: {refusal.Message}");
            }

            await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(height), value);
        }

        Assert.Equal((5 * 182) + (6 * 64), flips);
        await StartAsync(ledger, VerifyMode.Headers);
    }

    [Fact]
    public async Task A_flipped_bit_in_any_byte_of_any_stored_message_is_found_in_full_and_its_height_named()
    {
        await using var ledger = await IntegrityCheckTests.ChainAsync();
        foreach (var (height, index) in ((ulong, int)[])[(1, 0), (3, 2), (4, 1)])
        {
            var key = await MessageKeyAsync(ledger, height, index);
            var value = (await ledger.Store.GetAsync(Family.Messages, key))!;
            for (var offset = 0; offset < value.Length; offset++)
            {
                var flipped = (byte[])value.Clone();
                flipped[offset] ^= (byte)(1 << (offset % 8));
                await ledger.PutAsync(Family.Messages, key, flipped);
                var refusal = await Assert.ThrowsAsync<StorageException>(() => StartAsync(ledger, VerifyMode.Full));
                Assert.True(Regex.IsMatch(refusal.Message, $@"\Ablock {height} its message {index}\b"), $"byte {offset}: {refusal.Message}");
            }

            await ledger.PutAsync(Family.Messages, key, value);
        }

        await StartAsync(ledger, VerifyMode.Full);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000000000000003")]
    [InlineData("000000000000000300000002")]
    [InlineData("0000000000000003ffffffff")]
    public async Task A_cut_message_is_found_in_full(string stored)
    {
        await using var ledger = await IntegrityCheckTests.ChainAsync();
        var key = await MessageKeyAsync(ledger, 3, 2);
        var id = Convert.ToHexStringLower(key.AsSpan(4));
        await ledger.PutAsync(Family.Messages, key, Convert.FromHexString(stored));

        await RefusedAsync(ledger, $"block 3 its message 2 ({id}) is not what is stored under that id: {Remedy}");
        await StartAsync(ledger, VerifyMode.Headers);
        var refusal = await Assert.ThrowsAsync<StorageException>(
            () => ledger.Chain.GetMessageAsync(new(new Kimura.Chain.Hash32(key.AsSpan(4)))).AsTask());
        Assert.Equal((StorageFault.Corrupt, $"message {id}: what is stored there is not a message"), (refusal.Fault, refusal.Message));
    }

    [Fact]
    public async Task A_missing_message_is_found_in_full()
    {
        await using var ledger = await IntegrityCheckTests.ChainAsync();
        var key = await MessageKeyAsync(ledger, 4, 0);
        await ledger.PutAsync(Family.Messages, key, null);

        await RefusedAsync(ledger, $"block 4 its message 0 ({Convert.ToHexStringLower(key.AsSpan(4))}) is missing: {Remedy}");
    }

    [Fact]
    public async Task A_misplaced_message_is_found_in_full()
    {
        await using var ledger = await IntegrityCheckTests.ChainAsync();
        var key = await MessageKeyAsync(ledger, 3, 0);
        var other = (await ledger.Store.GetAsync(Family.Messages, await MessageKeyAsync(ledger, 3, 2)))!;

        await ledger.PutAsync(Family.Messages, key, other);
        await RefusedAsync(ledger, $"block 3 its message 0 ({Convert.ToHexStringLower(key.AsSpan(4))}) is not what is stored under that id: {Remedy}");
        other[11] = 0;
        await ledger.PutAsync(Family.Messages, key, other);
        await RefusedAsync(ledger, $"block 3 its message 0 is not valid (bad_message): {Remedy}");
    }

    [Fact]
    public async Task A_forged_message_that_its_block_commits_to_is_found_in_full()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var encoding = ledger.Sign("alice").Encoding.ToArray();
        encoding[Message.HeaderSize - 5] ^= 1;
        Assert.True(Message.TryDecode(encoding, 100, out var forged));
        await CommitAsync(ledger, forged);

        await StartAsync(ledger, VerifyMode.Headers);
        await RefusedAsync(ledger, $"block 1 its message 0 is not valid (bad_message): {Remedy}");
    }

    [Fact]
    public async Task A_nonce_that_does_not_go_on_is_found_in_full()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await CommitAsync(ledger, ledger.Sign("alice", 0, "a"), ledger.Sign("bob", 1, "b"));

        await RefusedAsync(ledger, $"block 1 its message 1 is not valid (bad_nonce): {Remedy}");
    }

    [Fact]
    public async Task A_message_later_than_its_block_is_found_in_full()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await CommitAsync(ledger, ledger.Sign("alice", 0, "a", LedgerFixture.Start + 1));

        await RefusedAsync(ledger, $"block 1 its message 0 is not valid (bad_timestamp): {Remedy}");
    }

    [Fact]
    public async Task Too_large_a_block_is_found_in_full()
    {
        var parameters = new Kimura.Chain.ChainParameters("kimura-test", maxMessageBytes: 67_000);
        await using var ledger = await LedgerFixture.CreateAsync(parameters);
        await CommitAsync(ledger, ledger.Sign("alice", new string('a', 40_000)), ledger.Sign("alice", new string('b', 40_000)));

        await RefusedAsync(ledger, $"block 1 its messages are not valid (too_large): {Remedy}");
    }

    [Fact]
    public async Task A_changed_counter_of_a_sender_is_found_in_full()
    {
        await using var ledger = await IntegrityCheckTests.ChainAsync();
        var alice = TestKeys.Public("alice");
        await ledger.PutAsync(Family.Metadata, [.. Bytes.Ascii("nonce:"), .. alice.ToArray()], Bytes.U64(2));

        await RefusedAsync(ledger, $"the next nonce of {alice} is stored as 2, its messages lead to 3: {Remedy}");
    }

    private static async Task CommitAsync(LedgerFixture ledger, params Message[] messages) => Assert.Equal(
        CommitOutcome.Committed, await ledger.Chain.CommitFollowedAsync(ledger.BlockOn(ledger.Chain.Tip, LedgerFixture.Start, messages), messages));

    private static async Task<byte[]> MessageKeyAsync(LedgerFixture ledger, ulong height, int index)
    {
        var block = await ledger.Chain.GetBlockAsync(height);
        return [.. Bytes.Ascii("msg:"), .. block!.IdAt(index).Value.ToArray()];
    }

    private static async Task RefusedAsync(LedgerFixture ledger, string message)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(() => StartAsync(ledger, VerifyMode.Full));
        Assert.Equal((StorageFault.Corrupt, message), (refusal.Fault, refusal.Message));
    }

    // What a node's start does with an open database.
    private static async Task StartAsync(LedgerFixture ledger, VerifyMode mode)
    {
        using var chain = await ChainStoreOpening.OpenAsync(ledger.Store, ledger.Parameters, guard: null);
        await new IntegrityCheck(ledger.Store, chain, ledger.Producers, InlineWorkers.Instance, NullLogger.Instance).RunAsync(mode);
    }
}
