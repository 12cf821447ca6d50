using Kimura.Chain.Messages;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Storage.Ledger;
using Kimura.Tests.Unit.Chain;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

/// <summary>The full check of a database that does not hold all messages.</summary>
public sealed class MissingBodiesCheckTests
{
    private const string Remedy = "the database is damaged, restore it from a backup";

    private readonly ListLogger _logger = new();

    [Fact]
    public async Task What_was_not_fetched_is_skipped_and_counted()
    {
        await using var ledger = await ChainAsync();

        await CheckAsync(ledger, VerifyMode.Full);
        await CheckAsync(ledger, VerifyMode.Headers);

        Assert.Equal(
            ["2 messages above height 1 are not stored here and were not checked", "Chain integrity verified: 4 blocks", "Chain integrity verified: 4 blocks"],
            _logger.Lines.Select(line => line.Text));
    }

    [Fact]
    public async Task What_was_fetched_is_checked_though_messages_beside_it_are_missing()
    {
        await using var ledger = await ChainAsync();
        var block = (await ledger.Chain.GetBlockAsync(2))!;
        byte[] key = [.. Bytes.Ascii("msg:"), .. block.IdAt(1).Value.ToArray()];
        var value = (await ledger.Store.GetAsync(Family.Messages, key))!;
        value[^1] ^= 1;
        await ledger.PutAsync(Family.Messages, key, value);

        await RefusedAsync(ledger, $"block 2 its message 1 is not valid (bad_message): {Remedy}");
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    public async Task A_place_that_is_missing_is_named_and_a_body_too_where_all_must_be(ulong height, int index)
    {
        await using var ledger = await ChainAsync();
        var id = (await ledger.Chain.GetBlockAsync(height))!.IdAt(index);
        byte[] key = [.. Bytes.Ascii("msg:"), .. id.Value.ToArray()];
        if (height == 1)
        {
            await ledger.PutAsync(Family.Messages, key, [.. Bytes.U64(height), .. Bytes.U32((uint)index)]);
            await RefusedAsync(ledger, $"block 1 its message 0 ({id}) is not what is stored under that id: {Remedy}");
        }

        await ledger.PutAsync(Family.Messages, key, null);
        await RefusedAsync(ledger, $"block {height} its message {index} ({id}) is missing: {Remedy}");
    }

    [Fact]
    public async Task A_list_that_names_a_message_twice_is_named_whether_bodies_are_there_or_not()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var message = ledger.Sign("alice");
        await ledger.FollowListAsync(LedgerFixture.Start, message, message);

        await RefusedAsync(ledger, $"block 1 its message 0 ({message.ComputeId()}) is not what is stored under that id: {Remedy}");
    }

    // Block 1 is complete; of blocks 2 and 3 one message each is missing, and one of block 2 was fetched.
    private static async Task<LedgerFixture> ChainAsync()
    {
        var ledger = await LedgerFixture.CreateAsync();
        await ledger.FollowAsync(LedgerFixture.Start, ledger.Sign("alice"));
        Message[] messages = [ledger.Sign("alice"), ledger.Sign("bob")];
        await ledger.FollowListAsync(LedgerFixture.Start + 1_000, messages);
        await ledger.FollowListAsync(LedgerFixture.Start + 2_000, ledger.Sign("alice"));
        Assert.True(await ledger.Chain.KeepBodyAsync(messages[1].ComputeId(), messages[1].Encoding));
        return ledger;
    }

    private Task CheckAsync(LedgerFixture ledger, VerifyMode mode) =>
        new IntegrityCheck(ledger.Store, ledger.Chain, ledger.Producers, InlineWorkers.Instance, _logger).RunAsync(mode);

    private async Task RefusedAsync(LedgerFixture ledger, string message)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(() => CheckAsync(ledger, VerifyMode.Full));
        Assert.Equal((StorageFault.Corrupt, message), (refusal.Fault, refusal.Message));
        Assert.DoesNotContain(_logger.Lines, line => line.Level > LogLevel.Information);
    }
}
