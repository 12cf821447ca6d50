using Kimura.Chain;
using Kimura.Storage;
using Kimura.Storage.KeyValue;
using Kimura.Tests.Unit.Chain.Golden;
using Xunit;

namespace Kimura.Tests.Unit.Storage.Ledger;

public sealed class OpeningTests
{
    [Fact]
    public async Task A_new_database_gets_its_genesis_in_one_synced_batch()
    {
        await using var ledger = await LedgerFixture.CreateAsync(new ChainParameters("chain-a"));
        var genesis = ledger.Parameters.Genesis;
        var hash = genesis.Hash.Value.ToArray();

        var commit = Assert.Single(ledger.Store.SyncedCommits);
        Assert.Equal(
            [
                Put(Family.Blocks, Bytes.BlockKey(0), genesis.Encoding.ToArray()),
                Put(Family.Metadata, [.. Bytes.Ascii("hash:"), .. hash], Bytes.U64(0)),
                Put(Family.Metadata, Bytes.Ascii("meta:chain_id"), Bytes.Ascii("chain-a")),
                Put(Family.Metadata, Bytes.Ascii("meta:genesis_hash"), hash),
                Put(Family.Metadata, Bytes.Ascii("meta:last_hash"), hash),
                Put(Family.Metadata, Bytes.Ascii("meta:last_height"), Bytes.U64(0)),
                Put(Family.Metadata, Bytes.Ascii("meta:schema"), Bytes.U32(1)),
            ],
            commit.OrderBy(change => (change.Family, change.Key)));
        Assert.Equal(genesis.Hash, ledger.Chain.Tip.Hash);
        Assert.Equal(genesis.Hash, (await ledger.Chain.GetBlockAsync(0))!.Hash);
        Assert.Equal(0ul, await ledger.Chain.GetHeightAsync(genesis.Hash));
    }

    [Fact]
    public async Task A_chain_without_an_id_stores_none()
    {
        await using var ledger = await LedgerFixture.CreateAsync(new ChainParameters());

        Assert.Null(await Stores.GetAsync(ledger.Store, "meta:chain_id"));
        await ledger.ReopenAsync();
        Assert.Equal(0ul, ledger.Chain.Tip.Height);
    }

    [Fact]
    public async Task A_chain_goes_on_where_it_was_closed()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("alice", "bob", "alice");
        var second = await ledger.ProduceAsync();
        var waiting = await ledger.SubmitAsync("bob", "carol");

        await ledger.ReopenAsync();

        Assert.Empty(ledger.Store.SyncedCommits);
        Assert.Equal(second.Hash, ledger.Chain.Tip.Hash);
        Assert.Equal(waiting.Select(message => message.Id), ledger.Chain.GetAllPending().Select(message => message.Id));
        Assert.Equal(waiting.Select(message => message.Arrival), ledger.Chain.GetAllPending().Select(message => message.Arrival));
        Assert.Equal(waiting.Select(message => message.Hash), ledger.Chain.GetAllPending().Select(message => message.Hash));
        Assert.Equal(2, ledger.Chain.PendingCount);
        Assert.Equal(2ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("alice")));
        Assert.Equal(2ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("bob")));
        Assert.Equal(1ul, await ledger.Chain.GetChainNonceAsync(TestKeys.Public("bob")));
        Assert.Equal(1ul, await ledger.Chain.GetNonceAsync(TestKeys.Public("carol")));
    }

    [Theory]
    [InlineData("chain-a", "chain-b", "the database is of chain 'chain-a', the node was started for chain 'chain-b': start it with --chain-id chain-a, or use another --db-path")]
    [InlineData("chain-a", null, "the database is of chain 'chain-a', the node was started for the chain without an id: start it with --chain-id chain-a, or use another --db-path")]
    [InlineData(null, "chain-b", "the database is of the chain without an id, the node was started for chain 'chain-b': start it without --chain-id, or use another --db-path")]
    public async Task Another_chain_id_is_refused_and_both_are_named(string? stored, string? given, string message)
    {
        await using var ledger = await LedgerFixture.CreateAsync(new ChainParameters(stored));

        await Refused(() => ledger.ReopenAsync(new ChainParameters(given)), StorageFault.Refused, message);
    }

    [Theory]
    [InlineData("00000002", "00000002")]
    [InlineData("00000000", "00000000")]
    [InlineData("01", "01")]
    public async Task Another_schema_version_is_refused(string stored, string named)
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.PutAsync(Family.Metadata, Bytes.Ascii("meta:schema"), Convert.FromHexString(stored));

        await Refused(
            () => ledger.ReopenAsync(),
            StorageFault.Refused,
            $"the database has schema version {named}, this node reads 1: use the node version that wrote it");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_genesis_hash_is_refused(bool isThere)
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.PutAsync(Family.Metadata, Bytes.Ascii("meta:genesis_hash"), isThere ? new byte[32] : null);

        await Refused(
            () => ledger.ReopenAsync(),
            StorageFault.Refused,
            $"the database has genesis hash {(isThere ? new string('0', 64) : "none")}, this chain has {ledger.Parameters.Genesis.Hash}: use another --db-path");
    }

    [Fact]
    public async Task Blocks_without_a_schema_version_are_not_taken_for_a_new_database()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.PutAsync(Family.Metadata, Bytes.Ascii("meta:schema"), null);

        await Refused(
            () => ledger.ReopenAsync(), StorageFault.Corrupt, "the database holds blocks but no schema version: restore it from a backup");
    }

    [Theory]
    [InlineData("meta:last_height", null)]
    [InlineData("meta:last_hash", null)]
    [InlineData("meta:last_height", "00")]
    [InlineData("meta:last_hash", "00")]
    public async Task A_missing_or_cut_tip_record_is_damage(string key, string? value)
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.PutAsync(Family.Metadata, Bytes.Ascii(key), value is null ? null : Convert.FromHexString(value));

        await Refused(() => ledger.ReopenAsync(), StorageFault.Corrupt, "meta:last_height or meta:last_hash is missing or damaged");
    }

    [Fact]
    public async Task A_missing_last_block_names_its_height()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync();
        await ledger.ProduceAsync();
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(2), null);

        await Refused(() => ledger.ReopenAsync(), StorageFault.Corrupt, "block 2: the last block is missing");
    }

    [Fact]
    public async Task A_last_block_with_another_hash_names_its_height_and_both_hashes()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var first = await ledger.ProduceAsync();
        var other = ledger.BlockOn(ledger.Parameters.Genesis, LedgerFixture.Start + 1);
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(1), other.Encoding.ToArray());

        await Refused(() => ledger.ReopenAsync(), StorageFault.Corrupt, $"block 1: hashes to {other.Hash}, but meta:last_hash is {first.Hash}");
    }

    [Fact]
    public async Task A_last_block_that_is_none_names_its_height()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync();
        await ledger.PutAsync(Family.Blocks, Bytes.BlockKey(1), [1, 2, 3]);

        await Refused(
            () => ledger.ReopenAsync(), StorageFault.Corrupt, "block 1: what is stored there is not the encoding of that block");
    }

    [Fact]
    public async Task A_damaged_pending_message_is_named()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var message = Assert.Single(await ledger.SubmitAsync("alice"));
        byte[] key = [.. Bytes.Ascii("pending:"), .. message.Id.Value.ToArray()];
        var value = (await ledger.Store.GetAsync(Family.Pending, key))!;
        foreach (var damaged in (byte[][])[[], value[..7], value[..^1], [.. value, 0], [.. value[..8], (byte)(value[8] ^ 1), .. value[9..]]])
        {
            await ledger.PutAsync(Family.Pending, key, damaged);

            await Refused(
                () => ledger.OpenChainAsync(), StorageFault.Corrupt, $"pending message {message.Id}: what is stored there is not that message");
        }
    }

    [Fact]
    public async Task A_pending_key_of_another_length_is_damage()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.PutAsync(Family.Pending, [.. Bytes.Ascii("pending:"), 0xab], [1]);

        await Refused(
            () => ledger.OpenChainAsync(),
            StorageFault.Corrupt,
            $"a pending message is stored under the key {Bytes.Hex(Bytes.Ascii("pending:"), [0xab])}");
    }

    [Fact]
    public async Task Pending_nonces_that_do_not_go_on_from_the_chain_are_damage()
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        await ledger.ProduceAsync("alice");
        var messages = await ledger.SubmitAsync("alice", "alice");
        await ledger.PutAsync(Family.Pending, [.. Bytes.Ascii("pending:"), .. messages[0].Id.Value.ToArray()], null);

        await Refused(() => ledger.OpenChainAsync(), StorageFault.Corrupt, $"pending message {messages[1].Id}: has nonce 2 where 1 must be");
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("000000000000000000")]
    public async Task A_nonce_record_of_another_length_is_damage(string stored)
    {
        await using var ledger = await LedgerFixture.CreateAsync();
        var alice = TestKeys.Public("alice");
        await ledger.PutAsync(Family.Metadata, [.. Bytes.Ascii("nonce:"), .. alice.ToArray()], Convert.FromHexString(stored));

        await Refused(
            () => ledger.Chain.GetNonceAsync(alice).AsTask(),
            StorageFault.Corrupt,
            $"the next nonce of {alice} is stored in {stored.Length / 2} bytes, not 8: the database is damaged, restore it from a backup");
    }

    private static Change Put(Family family, byte[] key, byte[] value) => new(family, false, Bytes.Hex(key), Bytes.Hex(value));

    private static async Task Refused(Func<Task> open, StorageFault fault, string message)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(open);
        Assert.Equal((fault, message), (refusal.Fault, refusal.Message));
    }
}
